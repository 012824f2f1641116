import { runCards } from './card.ts'
import { CARDS } from './sessions.ts'

await runCards(CARDS)
