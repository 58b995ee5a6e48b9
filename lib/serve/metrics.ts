import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { BatchReport, Timings } from '../inference/options.ts'
import { memory } from '../memory.ts'
import type { ServedModel } from './served-models.ts'

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What texts were answered with: text-embeddings-inference counts vectors apart. */
export type Verb = 'embed' | 'predict'

/** What is counted of one model. Its name is a label, where it has one. */
export interface ModelMetrics {
  request(method: 'single' | 'batch'): void
  success(
    asked: { method: 'single' | 'batch'; verb: Verb; texts: number },
    timings: Timings,
    total: number,
  ): void
  batch(report: BatchReport): void
}

/** Prometheus metrics: text-embeddings-inference's names and meanings, and the process's own. Times in seconds. */
export class ServerMetrics {
  readonly registry = new Registry()
  readonly #requests: Counter
  readonly #successes: Counter
  readonly #failures: Counter
  readonly #texts: Record<Verb, Counter>
  readonly #durations: Record<'total' | 'tokenization' | 'queue' | 'inference', Histogram>
  readonly #batchTexts: Histogram
  readonly #batchTokens: Histogram

  /** @param models those that are there when somebody looks */
  constructor(models: () => readonly ServedModel[]) {
    const { registry } = this
    const registers = [registry]
    const counter = (name: string, help: string, labelNames: string[]) =>
      new Counter({ name, help, labelNames, registers })
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, buckets, labelNames: ['model'], registers })
    this.#requests = counter('te_request_count', 'Requests for predictions', ['method', 'model'])
    this.#successes = counter('te_request_success', 'Those that were answered', ['method', 'model'])
    this.#failures = counter('te_request_failure', 'Those that were refused or failed', ['err'])
    this.#texts = {
      embed: counter('te_embed_count', 'Texts that were given vectors', ['model']),
      predict: counter('te_predict_count', 'Texts that were answered otherwise', ['model']),
    }
    this.#durations = {
      total: histogram('te_request_duration', 'From request to answer', seconds),
      tokenization: histogram('te_request_tokenization_duration', 'Tokenization', seconds),
      queue: histogram('te_request_queue_duration', 'Waiting for the model', seconds),
      inference: histogram('te_request_inference_duration', 'Running the model', seconds),
    }
    this.#batchTexts = histogram('te_batch_next_size', 'Texts a batch', [1, 2, 4, 8, 16, 32, 64, 128, 256])
    this.#batchTokens = histogram(
      'te_batch_next_tokens',
      'Tokens a batch',
      [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384],
    )
    new Gauge({
      name: 'te_queue_size',
      help: 'Texts that wait',
      labelNames: ['model'],
      registers,
      collect() {
        this.reset()
        for (const { name, model } of models()) this.set(labelOf(name), model.waiting)
      },
    })
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value())
        },
      })
    gauge('torch_lora_native_tensors', 'Live native tensors', () => memory().tensors)
    gauge('torch_lora_native_bytes', 'Bytes of live native tensors', () => memory().liveBytes)
    gauge('torch_lora_native_cached_bytes', 'Bytes kept for reuse', () => memory().cachedBytes)
    collectDefaultMetrics({ register: registry })
  }

  failure(kind: string): void {
    this.#failures.inc({ err: kind })
  }

  /** The counters of one model. */
  of(name: string | undefined): ModelMetrics {
    const model = labelOf(name)
    return {
      request: (method) => this.#requests.inc({ method, ...model }),
      success: ({ method, verb, texts }, { tokenization, queue, inference }, total) => {
        this.#successes.inc({ method, ...model })
        this.#texts[verb].inc(model, texts)
        const times = { tokenization, queue, inference, total }
        for (const [kind, histogram] of Object.entries(this.#durations))
          histogram.observe(model, times[kind as keyof typeof times] / 1000)
      },
      batch: ({ texts, tokens }) => {
        this.#batchTexts.observe(model, texts)
        this.#batchTokens.observe(model, tokens)
      },
    }
  }
}

function labelOf(name: string | undefined): { model?: string } {
  return name === undefined ? {} : { model: name }
}
