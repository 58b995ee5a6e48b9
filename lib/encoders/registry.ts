import { bert } from './bert.ts'
import { debertaV2 } from './deberta-v2.ts'
import type { Family } from './family.ts'
import { roberta } from './roberta.ts'

/** Every kind of encoder that there is, as all others see it. */
export const families: readonly Family[] = [bert, roberta, debertaV2].map((family) => family as Family<never>)
