import { runCards } from './card.ts'
import { CARDS } from './orders.ts'

await runCards(CARDS)
