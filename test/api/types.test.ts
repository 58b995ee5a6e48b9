import {
  AutoModel,
  type Classification,
  type Compiled,
  compile,
  type EncoderModel,
  LoraConfig,
  type LoraConfigOptions,
  type MetricsOf,
  type Model,
  ops,
  type SequenceClassification,
  type Task,
  Tensor,
  type TextClassifier,
  type TextClassifierOptions,
  type Tokenizer,
  Trainer,
  type TrainerEvent,
  type TrainerOptions,
} from 'torch-lora'
import { Linear } from 'torch-lora/nn'
import { describe, expectTypeOf, it } from 'vitest'

/** An options type all of whose options may be undefined, under exactOptionalPropertyTypes too. */
type Optional<O> = { [K in keyof O as Record<never, never> extends Pick<O, K> ? K : never]: O[K] }
type AllUndefined<O> = { [K in keyof Optional<O>]-?: undefined }

// What must compile, and what must not: nothing of it runs.
const unrun = (_body: () => unknown) => {}

describe('types', () => {
  it('every option accepts undefined', () => {
    expectTypeOf<AllUndefined<TrainerOptions>>().toExtend<Optional<TrainerOptions>>()
    expectTypeOf<AllUndefined<LoraConfigOptions>>().toExtend<Optional<LoraConfigOptions>>()
    expectTypeOf<AllUndefined<TextClassifierOptions>>().toExtend<Optional<TextClassifierOptions>>()
    unrun(() => ops.sum(Tensor.ones([2]), { dtype: undefined }))
    unrun(() => new LoraConfig({ r: undefined, loraAlpha: undefined }))
  })

  it('metrics that are asked for are in the events', () => {
    unrun(async () => {
      const model = null as unknown as Model<SequenceClassification>
      const tokenizer = null as unknown as Tokenizer
      const trainer = new Trainer({ model, tokenizer, train: [], metrics: ['accuracy', 'f1'] })
      expectTypeOf(trainer).toEqualTypeOf<Trainer<SequenceClassification, 'accuracy' | 'f1'>>()
      for await (const event of trainer.run())
        if (event.type === 'evaluation') expectTypeOf(event.metrics.f1).toEqualTypeOf<number>()
      expectTypeOf(await trainer.train()).toHaveProperty('best')
    })
    expectTypeOf<MetricsOf<'f1'>['loss']>().toEqualTypeOf<number>()
    expectTypeOf<TrainerEvent['type']>().toEqualTypeOf<
      'start' | 'step' | 'evaluating' | 'evaluation' | 'checkpoint' | 'end'
    >()
  })

  it('a module of one’s own has its rows, its batches and its metrics inferred', () => {
    unrun(() => {
      const trainer = Trainer.forModule({
        model: new Linear(2, 1),
        train: [{ x: [1, 2], y: 3 }],
        batch: (rows) => {
          expectTypeOf(rows).toEqualTypeOf<readonly { x: number[]; y: number }[]>()
          return { x: Tensor.from(rows.map(({ x }) => x)) }
        },
        loss: (model, { x }) => {
          expectTypeOf(model).toEqualTypeOf<Linear>()
          expectTypeOf(x).toEqualTypeOf<Tensor>()
          return model.forward(x)
        },
        metrics: { spread: (model, { x }) => model.forward(x) },
      })
      expectTypeOf(trainer).toEqualTypeOf<Trainer<Task, 'spread'>>()
    })
    // @ts-expect-error texts have no batch function, and modules no tokenizer
    unrun(() => Trainer.forModule({ model: new Linear(2, 1), tokenizer: null, train: [1], batch: () => {} }))
  })

  it('a task that is passed is the model’s', () => {
    const load = () => AutoModel.fromPretrained('dir', { task: null as unknown as SequenceClassification })
    expectTypeOf(load).returns.resolves.toEqualTypeOf<Model<SequenceClassification>>()
    const encoder = () => AutoModel.fromPretrained('dir')
    expectTypeOf(encoder).returns.resolves.toEqualTypeOf<EncoderModel>()
  })

  it('labels are inferred', () => {
    unrun(async () => {
      const classifier = null as unknown as TextClassifier<'bad' | 'good', 'single_label_classification'>
      const one = await classifier.classify('text')
      expectTypeOf(one.label).toEqualTypeOf<'bad' | 'good'>()
      const many = await classifier.classify(['text'])
      expectTypeOf(many[0]!.label).toEqualTypeOf<'bad' | 'good'>()
      expectTypeOf<Classification['label']>().toEqualTypeOf<string>()
    })
  })

  it('a compiled function takes and gives tensors', () => {
    const pair = (x: Tensor) => ({ a: x, b: [x, x] as const })
    expectTypeOf(compile(pair)).toExtend<Compiled<[x: Tensor], { a: Tensor; b: readonly [Tensor, Tensor] }>>()
    unrun(async () => {
      using both = await compile(pair)(Tensor.ones([1]))
      expectTypeOf(both.a).toEqualTypeOf<Tensor>()
    })
    // @ts-expect-error a number that changes is no tensor
    unrun(() => compile((x: Tensor, n: number) => x.mul(n)))
    // @ts-expect-error nor is one that is given back
    unrun(() => compile((x: Tensor) => x.item()))
    // @ts-expect-error nor a promise
    unrun(() => compile(async (x: Tensor) => x))
  })

  it('what is not an option does not compile', () => {
    // @ts-expect-error lora_alpha is PEFT's spelling
    unrun(() => new LoraConfig({ lora_alpha: 16 }))
    // @ts-expect-error no schedule of that name
    unrun((): TrainerOptions['schedule'] => 'cosin')
    // @ts-expect-error a tensor takes no string
    unrun(() => Tensor.ones([1]).add('1'))
  })

  it('methods give tensors, in-place methods this very one', () => {
    expectTypeOf(Tensor.ones([1]).sum(0, { keepdim: true })).toEqualTypeOf<Tensor>()
    expectTypeOf(
      ops.mseLoss(Tensor.ones([1]), Tensor.ones([1]), { reduction: 'none' }),
    ).toEqualTypeOf<Tensor>()
    // @ts-expect-error no reduction of that name
    unrun(() => ops.mseLoss(Tensor.ones([1]), Tensor.ones([1]), { reduction: 'avg' }))
  })
})
