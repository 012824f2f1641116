import { runCards } from './card.ts'
import { CARDS } from './faults.ts'

await runCards(CARDS)
