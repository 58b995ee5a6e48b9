import { TorchLoraError } from '../errors.ts'
import { Tensor, type TensorOptions } from '../tensor.ts'

/**
 * A part of a model: a class whose public fields are tensors, modules, or arrays of modules. The path of a field
 * ("encoder.layer.0.attention.self.query.weight") is its key in a checkpoint, so fields carry the names that
 * transformers gives them. Private (#) fields are not part of the model's state.
 */
export abstract class Module {
  /** Whether dropout is active. Set for a whole model by `train()` and `eval()`. */
  training = false;

  /** Every tensor below, by path, in the order of declaration. */
  *namedParameters(prefix = ''): Generator<[path: string, parameter: Tensor]> {
    for (const [name, value] of Object.entries(this)) {
      const path = prefix ? `${prefix}.${name}` : name
      if (value instanceof Tensor) yield [path, value]
      else if (value instanceof Module) yield* value.namedParameters(path)
      else if (Array.isArray(value)) {
        for (const [i, child] of value.entries()) {
          if (child instanceof Module) yield* child.namedParameters(`${path}.${i}`)
        }
      }
    }
  }

  /** This module and every one below, by path; '' is this one. */
  *namedModules(prefix = ''): Generator<[path: string, module: Module]> {
    yield [prefix, this]
    for (const [name, value] of Object.entries(this)) {
      const path = prefix ? `${prefix}.${name}` : name
      if (value instanceof Module) yield* value.namedModules(path)
      else if (Array.isArray(value)) {
        for (const [i, child] of value.entries()) {
          if (child instanceof Module) yield* child.namedModules(`${path}.${i}`)
        }
      }
    }
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
    for (const [, module] of this.namedModules()) module.training = true
    return this
  }

  /** Dropout off, here and below. */
  eval(): this {
    for (const [, module] of this.namedModules()) module.training = false
    return this
  }

  /** Puts `tensor` in the place of the parameter at `path`, and disposes of the one that was there. */
  replaceParameter(path: string, tensor: Tensor): void {
    const before = this.exchangeParameter(path, tensor)
    if (before !== tensor) before.dispose()
  }

  /**
   * Puts `tensor` in the place of the parameter at `path`, and returns the one that was there.
   * @throws TorchLoraError INVALID_ARGUMENT when there is no parameter at `path`
   */
  exchangeParameter(path: string, tensor: Tensor): Tensor {
    const names = path.split('.')
    const field = names.pop()!
    let owner: unknown = this
    for (const name of names) owner = (owner as Record<string, unknown> | undefined)?.[name]
    const before = (owner as Record<string, unknown> | undefined)?.[field]
    if (!(before instanceof Tensor)) {
      throw new TorchLoraError('INVALID_ARGUMENT', `There is no parameter '${path}'.`)
    }
    ;(owner as Record<string, unknown>)[field] = tensor
    return before
  }

  /** Frees every parameter. */
  dispose(): void {
    for (const [, parameter] of this.namedParameters()) parameter.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}
