import { runCards } from './card.ts'
import { CARDS } from './connection.ts'

await runCards(CARDS)
