import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../lib/serve/app.ts'
import {
  tinyAnswerer,
  tinyClassifier,
  tinyEmbedder,
  tinyFiller,
  tinyReranker,
  tinyTagger,
} from '../inference/models.ts'
import { folder, inPython, npmClient } from './clients.ts'

// What people have already: clients that were written for other servers, as they are.

const text = '\u{1f600} the film was great.'
const texts = ['the film was great.', 'a play', 'her song was dull']
const timeout = { timeout: 300_000 }

let apps: FastifyInstance[]
let all: string
let embedder: string
let reranker: string
let embeddings: number[][]
beforeAll(async () => {
  const folders = {
    classify: await tinyClassifier({ labels: ['entailment', 'neutral', 'contradiction'] }),
    tag: await tinyTagger({ labels: ['O', 'B-person', 'I-person'] }),
    embed: await tinyEmbedder(),
    rank: await tinyReranker(),
    answer: await tinyAnswerer(),
    fill: await tinyFiller(),
  }
  const options = { device: 'cpu', logLevel: 'silent' } as const
  apps = [
    await createServer(folders, options),
    await createServer(folders.embed, options),
    await createServer(folders.rank, options),
  ]
  ;[all, embedder, reranker] = (await Promise.all(apps.map((app) => app.listen({ port: 0 })))) as [
    string,
    string,
    string,
  ]
  embeddings = (await apps[1]!.inject({ method: 'POST', url: '/embed', payload: { inputs: texts } })).json()
})
afterAll(() => Promise.all(apps.map((app) => app.close())))

/** A program's result. */
const ran = <T>(program: string) => inPython<T>(program, { all, embedder, reranker, text, texts })

const near = (found: number[][], expected: number[][]) => {
  expect(found).toHaveLength(expected.length)
  for (const [i, vector] of found.entries())
    for (const [k, value] of vector.entries()) expect(value).toBeCloseTo(expected[i]![k]!, 5)
}

describe.skipIf(!folder)('clients of Python (skipped without TORCH_LORA_CLIENTS)', () => {
  it("huggingface_hub's InferenceClient, every task", timeout, async () => {
    const found = await ran<{ vectors: number[][]; rest: unknown }>(
      `
from huggingface_hub import InferenceClient
at = lambda name: InferenceClient(given["all"] + "/models/" + name)
text, texts = given["text"], given["texts"]
labels = at("classify").text_classification(text, top_k=2)
sorts = at("classify").zero_shot_classification(text, ["film", "song"], multi_label=True)
entities = at("tag").token_classification(text, aggregation_strategy="simple", ignore_labels=[])
assert all(text[e.start:e.end] == e.word for e in entities), entities
vectors = at("embed").feature_extraction(texts, normalize=True, truncate=True)
cosines = at("embed").sentence_similarity(texts[0], texts[1:])
answer = at("answer").question_answering("was it great?", text)
assert text[answer.start:answer.end] == answer.answer, answer
words = at("fill").fill_mask("the [MASK] was great", top_k=3)
print(json.dumps({"vectors": vectors.tolist(), "rest": [
    len(labels), sorted(one.label for one in sorts), len(entities) > 0, len(cosines), len(words)]}))
`,
    )
    near(found.vectors, embeddings)
    expect(found.rest).toEqual([2, ['film', 'song'], true, 2, 3])
  })

  it("OpenAI's embeddings, base64 as it asks by itself, and numbers", timeout, async () => {
    const found = await ran<{ base64: number[][]; numbers: number[][]; short: number; models: string[] }>(
      `
from openai import OpenAI, NotFoundError, UnprocessableEntityError
client = OpenAI(base_url=given["all"] + "/v1", api_key="none", max_retries=0)
make = lambda **more: [one.embedding for one in client.embeddings.create(model="embed", input=given["texts"], **more).data]
for error, more in [(NotFoundError, {"model": "x"}), (UnprocessableEntityError, {"model": "embed", "dimensions": 33})]:
    try:
        client.embeddings.create(input="a", **more)
        raise AssertionError("was not refused")
    except error as refused:
        assert refused.status_code in (404, 422)
print(json.dumps({"base64": make(), "numbers": make(encoding_format="float"), "short": len(make(dimensions=8)[0]),
    "models": [one.id for one in client.models.list()]}))
`,
    )
    near(found.base64, embeddings)
    near(found.numbers, embeddings)
    expect(found.short).toBe(8)
    expect(found.models).toContain('embed')
  })

  it("langchain's endpoint embeddings", timeout, async () => {
    const found = await ran<number[][]>(
      `
from langchain_huggingface import HuggingFaceEndpointEmbeddings
print(json.dumps(HuggingFaceEndpointEmbeddings(model=given["embedder"]).embed_documents(given["texts"])))
`,
    )
    near(found, embeddings)
  })

  it("haystack's embedder and ranker of text-embeddings-inference", timeout, async () => {
    const found = await ran<{ vectors: number[][]; ranks: number }>(
      `
from haystack import Document
from haystack_integrations.components.embedders.huggingface_api import HuggingFaceAPIDocumentEmbedder
from haystack_integrations.components.rankers.huggingface_api import HuggingFaceTEIRanker
documents = [Document(content=text) for text in given["texts"]]
embedder = HuggingFaceAPIDocumentEmbedder(api_type="text_embeddings_inference", api_params={"url": given["embedder"]}, token=None, normalize=True)
vectors = [one.embedding for one in embedder.run(documents=documents)["documents"]]
ranks = HuggingFaceTEIRanker(url=given["reranker"], token=None).run(query="was it great", documents=documents)["documents"]
print(json.dumps({"vectors": vectors, "ranks": len(ranks)}))
`,
    )
    near(found.vectors, embeddings)
    expect(found.ranks).toBe(3)
  })

  it("llama-index's embedder and reranker of text-embeddings-inference", timeout, async () => {
    const found = await ran<{ vectors: number[][]; ranks: number }>(
      `
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference
embedder = TextEmbeddingsInference(model_name="tiny", base_url=given["embedder"])
nodes = [NodeWithScore(node=TextNode(text=text)) for text in given["texts"]]
ranks = TextEmbeddingInference(base_url=given["reranker"], top_n=2).postprocess_nodes(nodes, query_str="was it great")
print(json.dumps({"vectors": embedder.get_text_embedding_batch(given["texts"]), "ranks": len(ranks)}))
`,
    )
    near(found.vectors, embeddings)
    expect(found.ranks).toBe(2)
  })

  it('prometheus_client reads /metrics', timeout, async () => {
    const found = await ran<{ names: string[]; models: string[] }>(
      `
from urllib.request import urlopen
from prometheus_client.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(urlopen(given["all"] + "/metrics").read().decode()))
queue = next(family for family in families if family.name == "te_queue_size")
print(json.dumps({"names": [family.name for family in families],
    "models": sorted(sample.labels["model"] for sample in queue.samples)}))
`,
    )
    expect(found.names).toEqual(expect.arrayContaining(['te_request_count', 'te_queue_size']))
    expect(found.models).toEqual(['answer', 'classify', 'embed', 'fill', 'rank', 'tag'])
  })
})

describe.skipIf(!folder)('clients of npm (skipped without TORCH_LORA_CLIENTS)', () => {
  it("@huggingface/inference's InferenceClient, every task", timeout, async () => {
    const client = await npmClient<{ InferenceClient: new () => { endpoint(url: string): Endpoint } }>(
      '@huggingface/inference',
    )
    const at = (name: string) => new client.InferenceClient().endpoint(`${all}/models/${name}`)
    const labels = await at('classify').textClassification({ inputs: text })
    expect(labels.map(({ label }) => label).sort()).toEqual(['contradiction', 'entailment', 'neutral'])
    const parameters = { candidate_labels: ['film', 'song'] }
    expect(await at('classify').zeroShotClassification({ inputs: text, parameters })).toHaveLength(2)
    const entities = await at('tag').tokenClassification({ inputs: text, parameters: { ignore_labels: [] } })
    expect(entities.length).toBeGreaterThan(0)
    near(await at('embed').featureExtraction({ inputs: texts }), embeddings)
    const inputs = { source_sentence: texts[0]!, sentences: texts.slice(1) }
    expect(await at('embed').sentenceSimilarity({ inputs })).toHaveLength(2)
    const question = { question: 'was it great?', context: text }
    const answer = await at('answer').questionAnswering({ inputs: question })
    expect([answer].flat()[0]).toMatchObject({ answer: expect.any(String), score: expect.any(Number) })
    expect(await at('fill').fillMask({ inputs: 'the [MASK] was great' })).toHaveLength(5)
  })

  it("OpenAI's embeddings", timeout, async () => {
    const client = await npmClient<{ default: new (options: object) => OpenAI }>('openai')
    const openai = new client.default({ baseURL: `${all}/v1`, apiKey: 'none', maxRetries: 0 })
    const { data } = await openai.embeddings.create({ model: 'embed', input: texts })
    near(
      data.map(({ embedding }) => embedding),
      embeddings,
    )
    await expect(openai.embeddings.create({ model: 'x', input: 'a' })).rejects.toMatchObject({ status: 404 })
  })

  it('openapi-typescript makes types of the document', timeout, async () => {
    const client = await npmClient<{
      default: (document: unknown) => Promise<unknown>
      astToString: (ast: unknown) => string
    }>('openapi-typescript')
    const document = await (await fetch(`${all}/api-doc/openapi.json`)).json()
    const types = client.astToString(await client.default(document))
    for (const name of [
      'PredictRequest',
      'EmbedResponse',
      'RerankRequest',
      'ErrorResponse',
      'ExplainResponse',
    ])
      expect(types).toMatch(new RegExp(`\\b${name}: `))
    for (const operation of ['predict', 'embed', 'rerank', 'openAIEmbeddings', 'explain'])
      expect(types).toMatch(new RegExp(`operations\\["${operation}"\\]`))
    expect(types).not.toMatch(/: never;\s*\/\/ unresolved|unknown \/\* \$ref/)
  })
})

type Scored = { label: string; score: number }[]

/** What the tests ask of @huggingface/inference. */
interface Endpoint {
  textClassification(asked: object): Promise<Scored>
  zeroShotClassification(asked: object): Promise<Scored>
  tokenClassification(asked: object): Promise<object[]>
  featureExtraction(asked: object): Promise<number[][]>
  sentenceSimilarity(asked: object): Promise<number[]>
  questionAnswering(asked: object): Promise<object | object[]>
  fillMask(asked: object): Promise<object[]>
}

/** And of openai. */
interface OpenAI {
  embeddings: { create(asked: object): Promise<{ data: { embedding: number[] }[] }> }
}
