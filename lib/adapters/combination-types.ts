/** PEFT's combinations: "svd" and what ends with it are of the updates themselves, the others of their factors. */
export const combinationTypes = [
  'svd',
  'linear',
  'cat',
  'ties',
  'ties_svd',
  'dare_ties',
  'dare_linear',
  'dare_ties_svd',
  'dare_linear_svd',
  'magnitude_prune',
  'magnitude_prune_svd',
] as const

/** How adapters are combined: PEFT's `combination_type`. */
export type CombinationType = (typeof combinationTypes)[number]
