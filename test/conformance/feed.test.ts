import { runCards } from './card.ts'
import { CARDS } from './feed.ts'

await runCards(CARDS)
