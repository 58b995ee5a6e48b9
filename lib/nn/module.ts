import { mapTensors, readCheckpoint, tensorSources, writeSafetensors } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { boolean, readOptions } from '../options.ts'
import { scope } from '../scope.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'

/** What `loadStateDict` found. */
export interface LoadedState {
  /** Parameters and buffers that the state has not. */
  missing: string[]
  /** Tensors of the state that the module has no place for. */
  unexpected: string[]
}

/**
 * A part of a model: a class whose public fields are tensors, modules, or arrays or plain objects of modules. The path
 * of a field ("encoder.layer.0.attention.self.query.weight") is its key in a checkpoint, so fields carry the names that
 * transformers gives them. Private (#) fields are not part of the model's state, and a tensor that is part of it but
 * not trained, such as a table of constants, is declared by `registerBuffer`.
 */
export abstract class Module {
  /** Whether dropout is active. Set for a whole model by `train()` and `eval()`. */
  training = false
  #revision = 0
  readonly #buffers = new Set<string>();

  /** Tensors and modules right below, by name, in the order of declaration. */
  *children(): Generator<[name: string, child: Tensor | Module]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Tensor || value instanceof Module) yield [name, value]
      else if (isContainer(value)) {
        for (const [key, child] of Object.entries(value))
          if (child instanceof Module) yield [`${name}.${key}`, child]
      }
    }
  }

  /** Puts `child` where `children` found one under `name`. */
  setChild(name: string, child: Tensor | Module): void {
    const names = name.split('.')
    const field = names.pop()!
    let owner = this as unknown as Record<string, unknown>
    for (const step of names) owner = owner[step] as Record<string, unknown>
    owner[field] = child
  }

  /** The modules whose mode follows this one's. */
  protected *parts(): Generator<Module> {
    for (const [, child] of this.children()) if (child instanceof Module) yield child
  }

  /** A tensor of this module's state that is no parameter: saved with it, never trained; `register_buffer`. */
  protected registerBuffer(name: string, tensor: Tensor): void {
    this.#buffers.add(name)
    this.setChild(name, tensor)
  }

  /** Every parameter below, by path, in the order of declaration. */
  *namedParameters(prefix = ''): Generator<[path: string, parameter: Tensor]> {
    for (const [path, tensor, buffer] of this.#namedTensors(prefix)) if (!buffer) yield [path, tensor]
  }

  /** Every buffer below, by path. */
  *namedBuffers(prefix = ''): Generator<[path: string, buffer: Tensor]> {
    for (const [path, tensor, buffer] of this.#namedTensors(prefix)) if (buffer) yield [path, tensor]
  }

  *#namedTensors(prefix: string): Generator<[path: string, tensor: Tensor, buffer: boolean]> {
    for (const [name, child] of this.children()) {
      const path = prefix ? `${prefix}.${name}` : name
      if (child instanceof Tensor) yield [path, child, this.#buffers.has(name)]
      else yield* child.#namedTensors(path)
    }
  }

  /** Every parameter and buffer below, by path: the tensors themselves, no copies. */
  stateDict(): Map<string, Tensor> {
    return new Map([...this.namedParameters(), ...this.namedBuffers()])
  }

  /**
   * Copies tensors into the parameters and buffers of their paths, in their dtypes and on their devices.
   * @param options.strict refuse what is missing or unexpected; default true
   * @throws TorchLoraError INCOMPATIBLE naming every tensor that has another shape, and with `strict` every one that is
   * missing or unexpected; then nothing was copied
   */
  loadStateDict(
    state: Iterable<readonly [path: string, tensor: Tensor]>,
    options: { strict?: boolean | undefined } = {},
  ): LoadedState {
    const { strict = true } = readOptions('loadStateDict', options, { strict: boolean })
    const own = this.stateDict()
    const given = new Map(state)
    const missing = [...own.keys()].filter((path) => !given.has(path))
    const unexpected = [...given.keys()].filter((path) => !own.has(path))
    const problems = [...given].flatMap(([path, { shape }]) => {
      const wanted = own.get(path)?.shape
      if (!wanted || wanted.join() === shape.join()) return []
      return [`${path} is [${shape.join(', ')}], expected [${wanted.join(', ')}]`]
    })
    if (strict) {
      problems.push(...missing.map((path) => `${path} is missing`))
      problems.push(...unexpected.map((path) => `${path} has no place`))
    }
    if (problems.length > 0) {
      const shown = problems.slice(0, 12).join('; ')
      const more = problems.length > 12 ? `; and ${problems.length - 12} more` : ''
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `The state does not fit ${this.constructor.name}: ${shown}${more}.`,
      )
    }
    noGrad(() => {
      for (const [path, tensor] of given) {
        const place = own.get(path)
        if (place) ops.copy_(place, tensor)
      }
    })
    return { missing, unexpected }
  }

  /**
   * Writes the state to a .safetensors file, whole or not at all.
   * @throws TorchLoraError INVALID_FILE when the disk refuses
   */
  async save(file: string): Promise<void> {
    await writeSafetensors(file, tensorSources(this.stateDict()))
  }

  /**
   * Reads a state that `save`, or PyTorch, has written, .safetensors or .bin, into this module's tensors.
   * @throws TorchLoraError INVALID_FILE, UNSAFE_FILE; INCOMPATIBLE as `loadStateDict`
   */
  async load(file: string, options: { strict?: boolean | undefined } = {}): Promise<LoadedState> {
    const { entries } = await readCheckpoint(file)
    return scope(() => this.loadStateDict(mapTensors(entries.values()), options))
  }

  /** This module and every one below, by path; '' is this one. */
  *namedModules(prefix = ''): Generator<[path: string, module: Module]> {
    yield [prefix, this]
    for (const [name, child] of this.children())
      if (child instanceof Module) yield* child.namedModules(prefix ? `${prefix}.${name}` : name)
  }

  /** Tensors that an adapter hung on this module alone, by the name PEFT gives them ("lora_A.weight"). */
  adapterParameters(): [name: string, parameter: Tensor][] {
    return []
  }

  /** The tensors that require a gradient, an adapter's included. */
  trainableParameters(): [path: string, parameter: Tensor][] {
    const all = [...this.namedParameters()]
    for (const [path, module] of this.namedModules()) {
      for (const [name, parameter] of module.adapterParameters())
        all.push([path ? `${path}.${name}` : name, parameter])
    }
    return all.filter(([, parameter]) => parameter.requiresGrad)
  }

  /**
   * A freshly initialised tensor for one of this module's own parameters: what a head that is missing from a
   * checkpoint starts from. Modules that own parameters override it.
   */
  initial(name: string, _options: TensorOptions = {}): Tensor {
    throw new TorchLoraError('INVALID_ARGUMENT', `${this.constructor.name} has no parameter '${name}'.`)
  }

  /** Sets whether every parameter for which `select` answers true (default: all) requires a gradient. */
  setRequiresGrad(value: boolean, select: (path: string) => boolean = () => true): void {
    for (const [path, parameter] of this.namedParameters()) if (select(path)) parameter.requiresGrad = value
  }

  /** Dropout on, here and below. Nothing else changes: merging is never a side effect of a mode. */
  train(): this {
    this.#setMode(true)
    return this
  }

  /** Dropout off, here and below. */
  eval(): this {
    this.#setMode(false)
    return this
  }

  #setMode(training: boolean): void {
    this.training = training
    for (const part of this.parts()) part.#setMode(training)
  }

  /**
   * How often something below was put in another's place, by its path: adapters are applied, exchanged, merged and
   * unloaded so. What was made of an earlier revision may not be what the model is now.
   */
  get revision(): number {
    return this.#revision
  }

  /** Puts `tensor` in the place of the parameter or buffer at `path`, and disposes of the one that was there. */
  replaceParameter(path: string, tensor: Tensor): void {
    const before = this.exchangeParameter(path, tensor)
    if (before !== tensor) before.dispose()
  }

  /**
   * Puts `tensor` in the place of the parameter or buffer at `path`, and returns the one that was there.
   * @throws TorchLoraError INVALID_ARGUMENT when there is none at `path`
   */
  exchangeParameter(path: string, tensor: Tensor): Tensor {
    const found = this.#find(path)
    if (!(found?.child instanceof Tensor))
      throw new TorchLoraError('INVALID_ARGUMENT', `There is no parameter '${path}'.`)
    found.owner.setChild(found.name, tensor)
    if (tensor !== found.child) this.#revision++
    return found.child
  }

  /**
   * Puts `module` in the place of the module at `path`, and returns the one that was there.
   * @throws TorchLoraError INVALID_ARGUMENT when there is none at `path`
   */
  replaceModule(path: string, module: Module): Module {
    const found = this.#find(path)
    if (!(found?.child instanceof Module))
      throw new TorchLoraError('INVALID_ARGUMENT', `There is no module '${path}'.`)
    found.owner.setChild(found.name, module)
    this.#revision++
    module.#setMode(found.child.training)
    return found.child
  }

  #find(path: string): { owner: Module; name: string; child: Tensor | Module } | undefined {
    for (const [name, child] of this.children()) {
      if (name === path) return { owner: this, name, child }
      if (!(child instanceof Module) || !path.startsWith(`${name}.`)) continue
      const found = child.#find(path.slice(name.length + 1))
      if (found) return found
    }
    return undefined
  }

  /** Frees every parameter and buffer, and what adapters hung on the modules. */
  dispose(): void {
    for (const [, module] of this.namedModules())
      for (const [, tensor] of module.adapterParameters()) tensor.dispose()
    for (const [, tensor] of this.#namedTensors('')) tensor.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Whether `value` is an array or a plain object, in which modules may stand. */
function isContainer(value: unknown): value is object {
  if (Array.isArray(value)) return true
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
