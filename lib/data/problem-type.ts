export const problemTypes = [
  'single_label_classification',
  'multi_label_classification',
  'regression',
] as const

/** What a classification head is trained for; decides loss and prediction. Names as in transformers. */
export type ProblemType = (typeof problemTypes)[number]
