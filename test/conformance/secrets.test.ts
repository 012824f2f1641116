import { runCards } from './card.ts'
import { CARDS } from './secrets.ts'

await runCards(CARDS)
