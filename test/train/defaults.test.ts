import { describe, expect, it } from 'vitest'
import { learningRateFactor, type ScheduleName } from '../../lib/optim/schedule.ts'
import { SequenceClassification } from '../../lib/tasks/sequence-classification.ts'
import { Tensor } from '../../lib/tensor.ts'
import { chooseSettings } from '../../lib/train/defaults.ts'
import { Verdict } from '../../lib/train/verdict.ts'

const shape = { hiddenSize: 768, adapters: true, freshHead: true, batchesPerUpdate: 1, given: {} }

describe('settings that nobody gives', () => {
  it.each([
    [40, { epochs: 15, batchSize: 4, learningRate: 4e-4, headLearningRate: 2e-3 }],
    [200, { epochs: 6, batchSize: 8, learningRate: 4e-4, headLearningRate: 2e-3 }],
    [3668, { epochs: 3, batchSize: 16, learningRate: 4e-4, headLearningRate: 4e-4 }],
    [3, { epochs: 20, batchSize: 4, learningRate: 4e-4, headLearningRate: 2e-3 }],
  ])('follow from %d examples', (examples, expected) => {
    expect(chooseSettings({ ...shape, examples })).toEqual(expected)
  })

  it('follow from the width, and from what trains', () => {
    const rate = (hiddenSize: number, adapters: boolean) =>
      chooseSettings({ ...shape, examples: 10_000, hiddenSize, adapters }).learningRate
    expect([384, 768, 1024, 1536].map((width) => rate(width, true))).toEqual([8e-4, 4e-4, 3e-4, 2e-4])
    expect([384, 768, 1024].map((width) => rate(width, false))).toEqual([4e-5, 2e-5, 2e-5])
  })

  it('what is given stays', () => {
    const given = { epochs: 2, batchSize: 32, learningRate: 1e-5, headLearningRate: 3e-5 }
    expect(chooseSettings({ ...shape, examples: 40, given })).toEqual(given)
    expect(chooseSettings({ ...shape, examples: 3200, given: { maxSteps: 500 } })).toMatchObject({
      epochs: 3,
    })
    expect(chooseSettings({ ...shape, examples: 3200, given: { maxSteps: 50 } })).toMatchObject({ epochs: 1 })
    const byTokens = chooseSettings({ ...shape, examples: 40, given: { maxTokens: 512 } })
    expect(byTokens.batchSize).toBeUndefined()
    const trained = chooseSettings({ ...shape, examples: 40, freshHead: false })
    expect(trained.headLearningRate).toBe(trained.learningRate)
  })
})

describe('schedules equal transformers', () => {
  // transformers 5.18: 12 updates, 2 of warm-up; 3 cycles, power 2, lr_end 0.
  const golden: [ScheduleName, object, number[]][] = [
    ['linear', {}, [0, 0.5, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]],
    [
      'cosine_with_restarts',
      { cycles: 3 },
      [
        0, 0.5, 1, 0.793892626146, 0.345491502813, 0.024471741852, 0.904508497187, 0.5, 0.095491502813,
        0.975528258148, 0.654508497187, 0.206107373854,
      ],
    ],
    ['polynomial', { power: 2 }, [0, 0.5, 1, 0.81, 0.64, 0.49, 0.36, 0.25, 0.16, 0.09, 0.04, 0.01]],
    ['constant', {}, [0, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ]
  it.each(golden)('%s', (schedule, more, expected) => {
    expected.forEach((value, step) => {
      const factor = learningRateFactor(step, { schedule, totalSteps: 12, warmupSteps: 2, ...more })
      expect(factor).toBeCloseTo(value, 9)
    })
  })
})

describe('losses with weights equal PyTorch', () => {
  const logits = () => Tensor.from([0.1, -0.2, 0.3, 1, 2, -1, 0, 0.5, 0.5, 0.2, 0.1, 0], { shape: [4, 3] })
  const task = (problemType: 'single_label_classification' | 'multi_label_classification') =>
    new SequenceClassification({ labels: ['a', 'b', 'c'], problemType })
  const place = { device: 'cpu', dtype: 'float32' } as const

  it('one label: given weights with smoothing, balanced weights', () => {
    const single = task('single_label_classification')
    const given = single.trainingLoss(
      { classWeights: { a: 2, c: 0.5 }, labelSmoothing: 0.1 },
      { values: Int32Array.of(0), shape: [1] },
      place,
    )
    const labels = Tensor.from([0, 1, 2, 0], { dtype: 'int64' })
    expect(given(logits(), { labels }).item()).toBeCloseTo(0.9205118417739868, 6)
    const values = Int32Array.of(0, 0, 1, 2)
    const balanced = single.trainingLoss({ classWeights: 'balanced' }, { values, shape: [4] }, place)
    const same = Tensor.from([...values], { dtype: 'int64' })
    expect(balanced(logits(), { labels: same }).item()).toBeCloseTo(1.1258128881454468, 6)
  })

  it('several labels: pos_weight where balanced, weight where given', () => {
    const multi = task('multi_label_classification')
    const values = Float32Array.of(1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1)
    const labels = Tensor.from([...values], { shape: [4, 3], dtype: 'float32' })
    const balanced = multi.trainingLoss({ classWeights: 'balanced' }, { values, shape: [4, 3] }, place)
    expect(balanced(logits(), { labels, weights: null }).item()).toBeCloseTo(0.7848740220069885, 6)
    const given = multi.trainingLoss({ classWeights: { a: 2, c: 0.5 } }, { values, shape: [4, 3] }, place)
    expect(given(logits(), { labels, weights: null }).item()).toBeCloseTo(1.0507375001907349, 6)
    // Padding has no part in it.
    const weights = Tensor.from([1, 1, 1, 0], { dtype: 'float32' })
    const three = given(logits().slice(0, 0, 3), { labels: labels.slice(0, 0, 3), weights: null }).item()
    expect(given(logits(), { labels, weights }).item()).toBeCloseTo(three, 6)
  })

  it('balanced weights leave a class that always or never holds its own loss', () => {
    const multi = task('multi_label_classification')
    const values = Float32Array.of(1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0) // a always, b never, c in half of the rows
    const labels = Tensor.from([...values], { shape: [4, 3], dtype: 'float32' })
    const balanced = multi.trainingLoss({ classWeights: 'balanced' }, { values, shape: [4, 3] }, place)
    const plain = multi.trainingLoss({}, { values, shape: [4, 3] }, place)
    expect(balanced(logits(), { labels, weights: null }).item()).toBeCloseTo(
      plain(logits(), { labels, weights: null }).item(),
      6,
    )
  })

  it('classes that are not there, and what a task does not take, are refused', () => {
    const single = task('single_label_classification')
    expect(() => single.requireLoss({ classWeights: { d: 1 } })).toThrow(
      /no class "d"; there are "a", "b", "c"/,
    )
    expect(() => single.requireLoss({ classWeights: { a: -1 } })).toThrow(/"a" is -1/)
    const score = new SequenceClassification({ labels: ['score'], problemType: 'regression' })
    expect(() => score.requireLoss({ classWeights: 'balanced' })).toThrow(/a score has no classes/)
    const multi = task('multi_label_classification')
    expect(() => multi.requireLoss({ labelSmoothing: 0.1 })).toThrow(/every decision stands alone/)
  })
})

describe('the verdict on a run', () => {
  const judged = (losses: number[], ...seen: ('constant' | 'chance' | 'better')[]) => {
    const verdict = new Verdict()
    for (const loss of losses) verdict.step(loss)
    for (const progress of seen) verdict.evaluation(progress)
    return verdict.warning({ learningRate: 1e-5, updates: losses.length })
  }

  it('says once why nothing was learned', () => {
    expect(judged([1.1, 1.1, 1.1, 1.1], 'constant', 'constant')).toMatch(
      /never left the majority class.*4 updates/,
    )
    expect(judged([1.1, 1.1, 1.1, 1.09], 'constant', 'chance')).toMatch(
      /too short to learn.*1\.100 to 1\.090/,
    )
    expect(judged([1.1, 1.1])).toMatch(
      /2 updates at a learning rate of 0\.00001 is too short|2 updates at a learning rate of 1e-5/,
    )
    expect(judged([1.1, 1.1, 1.1, 1.1], 'constant', 'better')).toBeNull()
    expect(judged([1.1, 0.9, 0.8, 0.5])).toBeNull()
  })

  it('knows a guess from an answer', () => {
    const task = new SequenceClassification({
      labels: ['a', 'b'],
      problemType: 'single_label_classification',
    })
    const progress = (answers: number[], labels: number[]) =>
      task.progress(
        answers.map((answer) => Float32Array.of(answer === 0 ? 1 : 0, answer)),
        { values: Int32Array.from(labels), shape: [labels.length] },
      )
    expect(progress([1, 1, 1, 1], [1, 0, 1, 0])).toBe('constant')
    expect(progress([1, 0, 0, 1], [1, 0, 1, 0])).toBe('chance')
    const many = Array.from({ length: 40 }, (_, i) => i % 2)
    expect(progress(many, many)).toBe('better')
  })
})
