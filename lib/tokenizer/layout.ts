/** One element of a post-processing template: a special token, or the first (0) or second (1) text. */
export interface LayoutPiece {
  /** Token id of a special token; -1 where `sequence` says which text goes here. */
  id: number
  /** 0 for the first text, 1 for the second, -1 for a special token. */
  sequence: number
  /** Token type (segment) id that every token of this piece gets. */
  typeId: number
}

/** Where special tokens go around one text, and around two. */
export interface Layout {
  single: LayoutPiece[]
  pair: LayoutPiece[]
}

/**
 * Reads the `post_processor` of a tokenizer.json as a {@link Layout}.
 *
 * Hugging Face's `TemplateProcessing`, `BertProcessing` and `RobertaProcessing`, alone or inside a `Sequence`;
 * `ByteLevel` only moves character offsets, which a classifier does not use. `null` adds nothing.
 *
 * @throws Error with code UNSUPPORTED for another processor.
 */
export function readLayout(
  processor: unknown,
  fail: (code: 'INVALID_FILE' | 'UNSUPPORTED', message: string) => Error,
  zeroTypeIds: boolean,
): Layout {
  interface Template {
    SpecialToken?: { id: string; type_id: number }
    Sequence?: { id: string; type_id: number }
  }
  interface Processor {
    type: string
    processors?: Processor[]
    single?: Template[]
    pair?: Template[]
    special_tokens?: Record<string, { ids: number[] }>
    cls?: [string, number]
    sep?: [string, number]
  }
  const special = (id: number, typeId = 0): LayoutPiece => ({ id, sequence: -1, typeId })
  const text = (sequence: number, typeId = 0): LayoutPiece => ({ id: -1, sequence, typeId })

  const template = (items: Template[], tokens: Record<string, { ids: number[] }>): LayoutPiece[] =>
    items.flatMap((item) => {
      if (item.Sequence) return [text(item.Sequence.id === 'A' ? 0 : 1, item.Sequence.type_id)]
      const name = item.SpecialToken?.id ?? ''
      const ids = tokens[name]?.ids
      if (!ids)
        throw fail('INVALID_FILE', `the post_processor uses ${JSON.stringify(name)} but gives it no id`)
      return ids.map((id) => special(id, item.SpecialToken?.type_id ?? 0))
    })

  const read = (p: Processor | null | undefined): Layout | undefined => {
    if (!p || p.type === 'ByteLevel') return undefined
    if (p.type === 'Sequence') {
      const layouts = (p.processors ?? []).map(read).filter((l): l is Layout => l !== undefined)
      if (layouts.length > 1)
        throw fail(
          'UNSUPPORTED',
          'the post_processor is a Sequence with more than one template; expected one',
        )
      return layouts[0]
    }
    if (p.type === 'TemplateProcessing') {
      const tokens = p.special_tokens ?? {}
      return { single: template(p.single ?? [], tokens), pair: template(p.pair ?? [], tokens) }
    }
    if (p.type === 'BertProcessing' || p.type === 'RobertaProcessing') {
      const cls = p.cls?.[1]
      const sep = p.sep?.[1]
      if (cls === undefined || sep === undefined)
        throw fail('INVALID_FILE', `the post_processor ${p.type} lacks "cls" or "sep"`)
      const single = [special(cls), text(0), special(sep)]
      return p.type === 'BertProcessing'
        ? { single, pair: [...single, text(1, 1), special(sep, 1)] }
        : { single, pair: [...single, special(sep), text(1), special(sep)] } // RoBERTa doubles the separator
    }
    throw fail(
      'UNSUPPORTED',
      `the post_processor is of type ${JSON.stringify(p.type)}; supported are TemplateProcessing, BertProcessing, RobertaProcessing and ByteLevel`,
    )
  }
  const layout = read(processor as Processor | null) ?? { single: [text(0)], pair: [text(0), text(1)] }
  if (zeroTypeIds) for (const piece of [...layout.single, ...layout.pair]) piece.typeId = 0
  return layout
}

/** How many tokens of each text survive. */
export interface Kept {
  first: number
  second: number
}

/**
 * Hugging Face's `longest_first` truncation: how many of `first` and `second` tokens to keep so that their sum is
 * at most `room`. A shorter text is cut only when the longer one cannot make room alone; then both get half, the
 * second text the odd token. Matches `truncate_encodings` of huggingface/tokenizers (which transformers calls), in
 * which the two halves change places when the first text is the longer.
 */
export function truncateLongestFirst(first: number, second: number, room: number): Kept {
  if (first + second <= room) return { first, second }
  const swap = first > second
  let short = swap ? second : first
  // The longer text gets what the shorter leaves, but never less than the shorter has.
  let long = short > room ? short : Math.max(short, room - short)
  if (short + long > room) {
    short = Math.floor(room / 2)
    long = short + (room % 2)
  }
  return swap ? { first: long, second: short } : { first: short, second: long }
}

/**
 * The windows over a text of `length` tokens that transformers gives with `return_overflowing_tokens`: each at
 * most `room` long, neighbours sharing `stride` tokens; `[start, end)` pairs, the first is the truncated text.
 */
export function slidingWindows(
  length: number,
  room: number,
  stride: number,
  side: 'left' | 'right',
): [number, number][] {
  if (length <= room) return [[0, length]]
  const windows: [number, number][] = []
  const step = room - stride
  if (side === 'right') {
    for (let start = 0; ; start += step) {
      const end = Math.min(start + room, length)
      windows.push([start, end])
      if (end === length) return windows
    }
  }
  for (let end = length; ; end -= step) {
    const start = Math.max(end - room, 0)
    windows.push([start, end])
    if (start === 0) return windows
  }
}
