/** What may become of a text with more tokens than the model takes. */
export const longTexts = ['truncate', 'windows', 'refuse'] as const

/** What becomes of a text with more tokens than the model takes. */
export type LongText = (typeof longTexts)[number]
