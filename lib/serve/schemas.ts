/** JSON schemas of requests and responses: what is checked, and what /docs shows. Names as in text-embeddings-inference. */

const text = { type: 'string' } as const
const one = { type: 'array', items: text, minItems: 1, maxItems: 2 } as const

export const predictRequest = {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: {
      description:
        'A text, a pair [text, text], or a batch [[text], [text, text], ...] of texts and pairs, mixed as you like.',
      anyOf: [text, one, { type: 'array', items: one, minItems: 1 }],
      examples: ['What a lovely film!'],
    },
    truncate: {
      type: 'boolean',
      nullable: true,
      default: false,
      description: 'Cut a text that is too long; without it, or with null, such a text is refused with 413.',
    },
    truncation_direction: {
      type: 'string',
      enum: ['Left', 'Right'],
      description:
        "Which end of a text that is too long is cut. Default: what the model's tokenizer says, else Right.",
    },
    raw_scores: { type: 'boolean', default: false, description: 'Logits instead of probabilities.' },
    adapter: {
      type: 'string',
      description: 'One of /adapters by its name; without it, the model itself.',
    },
    top_k: { type: 'integer', minimum: 1, description: 'Labels in the answer at most. Default: all.' },
  },
} as const

const nullable = <T extends object>(schema: T) => ({ ...schema, nullable: true }) as const
const strategies = ['none', 'simple', 'first', 'average', 'max'] as const

/** What Hugging Face's inference clients send. */
export const hubRequest = {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: {
      description: 'A text, or an array of texts.',
      anyOf: [text, { type: 'array', items: text, minItems: 1 }],
    },
    parameters: nullable({
      type: 'object',
      additionalProperties: false,
      description: 'What the task takes; null stands for its default.',
      properties: {
        top_k: nullable({ type: 'integer', minimum: 1 }),
        function_to_apply: nullable({ type: 'string', enum: ['sigmoid', 'softmax', 'none', null] }),
        aggregation_strategy: nullable({ type: 'string', enum: [...strategies, null] }),
        ignore_labels: nullable({ type: 'array', items: text }),
        stride: nullable({ type: 'integer', minimum: 0 }),
        candidate_labels: {
          anyOf: [text, { type: 'array', items: text, minItems: 1 }, { type: 'null' }],
        },
        hypothesis_template: nullable(text),
        multi_label: nullable({ type: 'boolean' }),
        adapter: nullable(text),
      },
    }),
    options: nullable({ type: 'object' }),
  },
} as const

/** `POST /`: /predict, or Hugging Face's form. */
export const rootRequest = {
  if: { type: 'object', required: ['parameters'] },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword
  then: hubRequest,
  else: predictRequest,
} as const

export const tagRequest = {
  type: 'object',
  required: ['inputs'],
  additionalProperties: false,
  properties: {
    inputs: {
      description: 'A text, or an array of texts.',
      anyOf: [text, { type: 'array', items: text, minItems: 1 }],
    },
    aggregation: {
      type: 'string',
      enum: strategies,
      default: 'simple',
      description: 'How tags of tokens become entities.',
    },
    truncate: {
      type: 'boolean',
      nullable: true,
      default: false,
      description: 'Cut a text that is too long; without it windows are tagged and put together.',
    },
    adapter: {
      type: 'string',
      description: 'One of /adapters by its name; without it, the model itself.',
    },
  },
} as const

const span = {
  label: { type: 'string' },
  score: { type: 'number' },
  start: { type: 'integer' },
  end: { type: 'integer' },
} as const

const tagging = {
  type: 'object',
  required: ['tokens', 'entities'],
  properties: {
    tokens: { type: 'array', items: { type: 'object', properties: span } },
    entities: {
      type: 'array',
      items: { type: 'object', properties: { ...span, text: { type: 'string' } } },
    },
  },
} as const

export const tagResponse = {
  description:
    'Words with their tags, and entities; start and end are places in the text in UTF-16 code units, as slice of JavaScript takes them.',
  anyOf: [tagging, { type: 'array', items: tagging }],
} as const

const scores = {
  type: 'array',
  items: {
    type: 'object',
    properties: { score: { type: 'number' }, label: { type: 'string' } },
    required: ['score', 'label'],
  },
} as const

export const predictResponse = {
  description: 'Labels and scores, best first: a list for one input, a list of lists for a batch.',
  anyOf: [scores, { type: 'array', items: scores }],
} as const

export const errorResponse = {
  type: 'object',
  properties: { error: { type: 'string' }, error_type: { type: 'string' } },
  required: ['error', 'error_type'],
} as const

/** The statuses that every route of work may answer with. */
export const errorResponses = {
  400: { ...errorResponse, description: 'The body is no JSON.' },
  401: { ...errorResponse, description: 'The API key is missing or wrong.' },
  413: { ...errorResponse, description: 'Too many bytes, texts or tokens.' },
  422: { ...errorResponse, description: 'The request has another form than the schema says.' },
  424: { ...errorResponse, description: 'The model failed.' },
  429: { ...errorResponse, description: 'The queue is full; Retry-After says when to come back.' },
  503: { ...errorResponse, description: 'The time limit has passed, or the server is going down.' },
} as const

/** With at most so many texts. */
export const tokenizeRequest = (maxTexts: number) =>
  ({
    type: 'object',
    required: ['inputs'],
    additionalProperties: false,
    properties: {
      inputs: {
        description: 'A text, or an array of texts.',
        anyOf: [text, { type: 'array', items: text, minItems: 1, maxItems: maxTexts }],
      },
      add_special_tokens: {
        type: 'boolean',
        default: true,
        description: 'Put the special tokens of the model around each text.',
      },
    },
  }) as const

const place = { type: 'integer', nullable: true } as const

export const tokenizeResponse = {
  description: 'The tokens of each text; start and stop are places in it, counted in Unicode characters.',
  type: 'array',
  items: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        id: { type: 'integer' },
        text: { type: 'string' },
        special: { type: 'boolean' },
        start: place,
        stop: place,
      },
      required: ['id', 'text', 'special', 'start', 'stop'],
    },
  },
} as const

const adapter = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    source: { type: 'string' },
    r: { type: 'integer' },
    parameters: { type: 'integer' },
    problemType: { type: 'string' },
    labels: { type: 'array', items: { type: 'string' } },
  },
} as const

export const adaptersResponse = { type: 'array', items: adapter } as const

export const adapterRequest = {
  type: 'object',
  required: ['source'],
  additionalProperties: false,
  properties: {
    source: { type: 'string', minLength: 1, description: 'A PEFT folder, relative to the adapter root.' },
  },
} as const

export const adapterName = {
  type: 'object',
  properties: { name: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' } },
} as const
