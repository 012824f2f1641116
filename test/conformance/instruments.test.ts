import { runCards } from './card.ts'
import { CARDS } from './instruments.ts'

await runCards(CARDS)
