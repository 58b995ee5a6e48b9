import { SpanStatusCode, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, expect, it } from 'vitest'
import { TextClassifier } from '../../lib/index.ts'
import { tinyClassifier } from './models.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
trace.setGlobalTracerProvider(provider)
afterAll(() => provider.shutdown())

it('a call is an OpenTelemetry span where an SDK is there', async () => {
  await using classifier = await TextClassifier.load(await tinyClassifier())
  await classifier.classify(['a play', 'was dull'])
  await expect(classifier.classify('a', { adapter: 'x' })).rejects.toThrow()
  const [answered, refused] = exporter.getFinishedSpans()
  expect(answered).toMatchObject({
    name: 'torch-lora.classify',
    attributes: { 'torch_lora.texts': 2, 'torch_lora.tokens': expect.any(Number) },
  })
  for (const name of ['tokenization_ms', 'queue_ms', 'inference_ms'])
    expect(answered!.attributes[`torch_lora.${name}`]).toBeGreaterThanOrEqual(0)
  expect(refused).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'torch_lora.adapter': 'x' },
  })
})
