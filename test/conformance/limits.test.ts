import { runCards } from './card.ts'
import { CARDS } from './limits.ts'

await runCards(CARDS)
