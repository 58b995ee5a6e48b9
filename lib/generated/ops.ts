// Written by scripts/generate-ops.ts from libtorch's schemas. Change lib/ops.list.ts and run `npm run generate`.
import { operator } from '../dispatch.ts'
import '../tensor.ts'
import type { DType, Device, Tensor } from '../tensor.ts'

/** `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor` */
export function add(self: Tensor, other: Tensor, options: { alpha?: number } = {}): Tensor {
  return operator('aten::add.Tensor').call([self, other, options.alpha]) as Tensor
}

/** `aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor` */
export function addScalar(self: Tensor, other: number, options: { alpha?: number } = {}): Tensor {
  return operator('aten::add.Scalar').call([self, other, options.alpha]) as Tensor
}

/** `aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor` */
export function sub(self: Tensor, other: Tensor, options: { alpha?: number } = {}): Tensor {
  return operator('aten::sub.Tensor').call([self, other, options.alpha]) as Tensor
}

/** `aten::mul.Tensor(Tensor self, Tensor other) -> Tensor` */
export function mul(self: Tensor, other: Tensor): Tensor {
  return operator('aten::mul.Tensor').call([self, other]) as Tensor
}

/** `aten::mul.Scalar(Tensor self, Scalar other) -> Tensor` */
export function mulScalar(self: Tensor, other: number): Tensor {
  return operator('aten::mul.Scalar').call([self, other]) as Tensor
}

/** `aten::div.Tensor(Tensor self, Tensor other) -> Tensor` */
export function div(self: Tensor, other: Tensor): Tensor {
  return operator('aten::div.Tensor').call([self, other]) as Tensor
}

/** `aten::div.Scalar(Tensor self, Scalar other) -> Tensor` */
export function divScalar(self: Tensor, other: number): Tensor {
  return operator('aten::div.Scalar').call([self, other]) as Tensor
}

/** `aten::neg(Tensor self) -> Tensor` */
export function neg(self: Tensor): Tensor {
  return operator('aten::neg').call([self]) as Tensor
}

/** `aten::pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor` */
export function pow(self: Tensor, exponent: number): Tensor {
  return operator('aten::pow.Tensor_Scalar').call([self, exponent]) as Tensor
}

/** `aten::exp(Tensor self) -> Tensor` */
export function exp(self: Tensor): Tensor {
  return operator('aten::exp').call([self]) as Tensor
}

/** `aten::log(Tensor self) -> Tensor` */
export function log(self: Tensor): Tensor {
  return operator('aten::log').call([self]) as Tensor
}

/** `aten::sqrt(Tensor self) -> Tensor` */
export function sqrt(self: Tensor): Tensor {
  return operator('aten::sqrt').call([self]) as Tensor
}

/** `aten::abs(Tensor self) -> Tensor` */
export function abs(self: Tensor): Tensor {
  return operator('aten::abs').call([self]) as Tensor
}

/** `aten::clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor` */
export function clamp(self: Tensor, options: { min?: number | null; max?: number | null } = {}): Tensor {
  return operator('aten::clamp').call([self, options.min, options.max]) as Tensor
}

/** `aten::reciprocal(Tensor self) -> Tensor` */
export function reciprocal(self: Tensor): Tensor {
  return operator('aten::reciprocal').call([self]) as Tensor
}

/** `aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)` */
export function add_(self: Tensor, other: Tensor, options: { alpha?: number } = {}): Tensor {
  return operator('aten::add_.Tensor').call([self, other, options.alpha]) as Tensor
}

/** `aten::sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)` */
export function sub_(self: Tensor, other: Tensor, options: { alpha?: number } = {}): Tensor {
  return operator('aten::sub_.Tensor').call([self, other, options.alpha]) as Tensor
}

/** `aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export function mul_(self: Tensor, other: Tensor): Tensor {
  return operator('aten::mul_.Tensor').call([self, other]) as Tensor
}

/** `aten::mul_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)` */
export function mulScalar_(self: Tensor, other: number): Tensor {
  return operator('aten::mul_.Scalar').call([self, other]) as Tensor
}

/** `aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)` */
export function copy_(self: Tensor, src: Tensor, options: { nonBlocking?: boolean } = {}): Tensor {
  return operator('aten::copy_').call([self, src, options.nonBlocking]) as Tensor
}

/** `aten::zero_(Tensor(a!) self) -> Tensor(a!)` */
export function zero_(self: Tensor): Tensor {
  return operator('aten::zero_').call([self]) as Tensor
}

/** `aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)` */
export function fill_(self: Tensor, value: number): Tensor {
  return operator('aten::fill_.Scalar').call([self, value]) as Tensor
}

/** `aten::normal_(Tensor(a!) self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor(a!)` */
export function normal_(self: Tensor, options: { mean?: number; std?: number } = {}): Tensor {
  return operator('aten::normal_').call([self, options.mean, options.std, undefined]) as Tensor
}

/** `aten::uniform_(Tensor(a!) self, float from=0., float to=1., *, Generator? generator=None) -> Tensor(a!)` */
export function uniform_(self: Tensor, options: { from?: number; to?: number } = {}): Tensor {
  return operator('aten::uniform_').call([self, options.from, options.to, undefined]) as Tensor
}

/** `aten::matmul(Tensor self, Tensor other) -> Tensor` */
export function matmul(self: Tensor, other: Tensor): Tensor {
  return operator('aten::matmul').call([self, other]) as Tensor
}

/** `aten::mm(Tensor self, Tensor mat2) -> Tensor` */
export function mm(self: Tensor, mat2: Tensor): Tensor {
  return operator('aten::mm').call([self, mat2]) as Tensor
}

/** `aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor` */
export function linear(input: Tensor, weight: Tensor, options: { bias?: Tensor | null } = {}): Tensor {
  return operator('aten::linear').call([input, weight, options.bias]) as Tensor
}

/** `aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)` */
export function view(self: Tensor, size: readonly number[]): Tensor {
  return operator('aten::view').call([self, size]) as Tensor
}

/** `aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)` */
export function reshape(self: Tensor, shape: readonly number[]): Tensor {
  return operator('aten::reshape').call([self, shape]) as Tensor
}

/** `aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)` */
export function transpose(self: Tensor, dim0: number, dim1: number): Tensor {
  return operator('aten::transpose.int').call([self, dim0, dim1]) as Tensor
}

/** `aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)` */
export function permute(self: Tensor, dims: readonly number[]): Tensor {
  return operator('aten::permute').call([self, dims]) as Tensor
}

/** `aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)` */
export function contiguous(self: Tensor): Tensor {
  return operator('aten::contiguous').call([self, undefined]) as Tensor
}

/** `aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)` */
export function narrow(self: Tensor, dim: number, start: number, length: number): Tensor {
  return operator('aten::narrow').call([self, dim, start, length]) as Tensor
}

/** `aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)` */
export function select(self: Tensor, dim: number, index: number): Tensor {
  return operator('aten::select.int').call([self, dim, index]) as Tensor
}

/** `aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)` */
export function slice(self: Tensor, options: { dim?: number; start?: number | null; end?: number | null; step?: number } = {}): Tensor {
  return operator('aten::slice.Tensor').call([self, options.dim, options.start, options.end, options.step]) as Tensor
}

/** `aten::index_select(Tensor self, int dim, Tensor index) -> Tensor` */
export function indexSelect(self: Tensor, dim: number, index: Tensor): Tensor {
  return operator('aten::index_select').call([self, dim, index]) as Tensor
}

/** `aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)` */
export function unsqueeze(self: Tensor, dim: number): Tensor {
  return operator('aten::unsqueeze').call([self, dim]) as Tensor
}

/** `aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)` */
export function squeeze(self: Tensor, dim: number): Tensor {
  return operator('aten::squeeze.dim').call([self, dim]) as Tensor
}

/** `aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)` */
export function expand(self: Tensor, size: readonly number[], options: { implicit?: boolean } = {}): Tensor {
  return operator('aten::expand').call([self, size, options.implicit]) as Tensor
}

/** `aten::cat(Tensor[] tensors, int dim=0) -> Tensor` */
export function cat(tensors: readonly Tensor[], options: { dim?: number } = {}): Tensor {
  return operator('aten::cat').call([tensors, options.dim]) as Tensor
}

/** `aten::stack(Tensor[] tensors, int dim=0) -> Tensor` */
export function stack(tensors: readonly Tensor[], options: { dim?: number } = {}): Tensor {
  return operator('aten::stack').call([tensors, options.dim]) as Tensor
}

/** `aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]` */
export function unbind(self: Tensor, options: { dim?: number } = {}): Tensor[] {
  return operator('aten::unbind.int').call([self, options.dim]) as Tensor[]
}

/** `aten::zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export function zerosLike(self: Tensor, options: { dtype?: DType | null; device?: Device | null; pinMemory?: boolean | null } = {}): Tensor {
  return operator('aten::zeros_like').call([self, options.dtype, undefined, options.device, options.pinMemory, undefined]) as Tensor
}

/** `aten::ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export function onesLike(self: Tensor, options: { dtype?: DType | null; device?: Device | null; pinMemory?: boolean | null } = {}): Tensor {
  return operator('aten::ones_like').call([self, options.dtype, undefined, options.device, options.pinMemory, undefined]) as Tensor
}

/** `aten::randn_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export function randnLike(self: Tensor, options: { dtype?: DType | null; device?: Device | null; pinMemory?: boolean | null } = {}): Tensor {
  return operator('aten::randn_like').call([self, options.dtype, undefined, options.device, options.pinMemory, undefined]) as Tensor
}

/** `aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor` */
export function sum(self: Tensor, options: { dtype?: DType | null } = {}): Tensor {
  return operator('aten::sum').call([self, options.dtype]) as Tensor
}

/** `aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
export function sumDim(self: Tensor, dim: readonly number[] | null, options: { keepdim?: boolean; dtype?: DType | null } = {}): Tensor {
  return operator('aten::sum.dim_IntList').call([self, dim, options.keepdim, options.dtype]) as Tensor
}

/** `aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor` */
export function mean(self: Tensor, options: { dtype?: DType | null } = {}): Tensor {
  return operator('aten::mean').call([self, options.dtype]) as Tensor
}

/** `aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
export function meanDim(self: Tensor, dim: readonly number[] | null, options: { keepdim?: boolean; dtype?: DType | null } = {}): Tensor {
  return operator('aten::mean.dim').call([self, dim, options.keepdim, options.dtype]) as Tensor
}

/** `aten::amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor` */
export function amax(self: Tensor, options: { dim?: number | readonly number[]; keepdim?: boolean } = {}): Tensor {
  return operator('aten::amax').call([self, options.dim, options.keepdim]) as Tensor
}

/** `aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor` */
export function argmax(self: Tensor, options: { dim?: number | null; keepdim?: boolean } = {}): Tensor {
  return operator('aten::argmax').call([self, options.dim, options.keepdim]) as Tensor
}

/** `aten::eq.Tensor(Tensor self, Tensor other) -> Tensor` */
export function eq(self: Tensor, other: Tensor): Tensor {
  return operator('aten::eq.Tensor').call([self, other]) as Tensor
}

/** `aten::isfinite(Tensor self) -> Tensor` */
export function isfinite(self: Tensor): Tensor {
  return operator('aten::isfinite').call([self]) as Tensor
}

/** `aten::all(Tensor self) -> Tensor` */
export function all(self: Tensor): Tensor {
  return operator('aten::all').call([self]) as Tensor
}

/** `aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
export function linalgVectorNorm(self: Tensor, options: { ord?: number; dim?: readonly number[] | null; keepdim?: boolean; dtype?: DType | null } = {}): Tensor {
  return operator('aten::linalg_vector_norm').call([self, options.ord, options.dim, options.keepdim, options.dtype]) as Tensor
}

/** `aten::linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)` */
export function linalgSvd(A: Tensor, options: { fullMatrices?: boolean; driver?: string | null } = {}): [Tensor, Tensor, Tensor] {
  return operator('aten::linalg_svd').call([A, options.fullMatrices, options.driver]) as [Tensor, Tensor, Tensor]
}

/** `aten::linalg_qr(Tensor A, str mode="reduced") -> (Tensor Q, Tensor R)` */
export function linalgQr(A: Tensor, options: { mode?: string } = {}): [Tensor, Tensor] {
  return operator('aten::linalg_qr').call([A, options.mode]) as [Tensor, Tensor]
}

/** `aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor` */
export function softmax(self: Tensor, dim: number, options: { dtype?: DType | null } = {}): Tensor {
  return operator('aten::softmax.int').call([self, dim, options.dtype]) as Tensor
}

/** `aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor` */
export function logSoftmax(self: Tensor, dim: number, options: { dtype?: DType | null } = {}): Tensor {
  return operator('aten::log_softmax.int').call([self, dim, options.dtype]) as Tensor
}

/** `aten::gelu(Tensor self, *, str approximate="none") -> Tensor` */
export function gelu(self: Tensor, options: { approximate?: string } = {}): Tensor {
  return operator('aten::gelu').call([self, options.approximate]) as Tensor
}

/** `aten::tanh(Tensor self) -> Tensor` */
export function tanh(self: Tensor): Tensor {
  return operator('aten::tanh').call([self]) as Tensor
}

/** `aten::relu(Tensor self) -> Tensor` */
export function relu(self: Tensor): Tensor {
  return operator('aten::relu').call([self]) as Tensor
}

/** `aten::sigmoid(Tensor self) -> Tensor` */
export function sigmoid(self: Tensor): Tensor {
  return operator('aten::sigmoid').call([self]) as Tensor
}

/** `aten::silu(Tensor self) -> Tensor` */
export function silu(self: Tensor): Tensor {
  return operator('aten::silu').call([self]) as Tensor
}

/** `aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor` */
export function embedding(weight: Tensor, indices: Tensor, options: { paddingIdx?: number; scaleGradByFreq?: boolean; sparse?: boolean } = {}): Tensor {
  return operator('aten::embedding').call([weight, indices, options.paddingIdx, options.scaleGradByFreq, options.sparse]) as Tensor
}

/** `aten::layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool cudnn_enable=True) -> Tensor` */
export function layerNorm(input: Tensor, normalizedShape: readonly number[], options: { weight?: Tensor | null; bias?: Tensor | null; eps?: number; cudnnEnable?: boolean } = {}): Tensor {
  return operator('aten::layer_norm').call([input, normalizedShape, options.weight, options.bias, options.eps, options.cudnnEnable]) as Tensor
}

/** `aten::dropout(Tensor input, float p, bool train) -> Tensor` */
export function dropout(input: Tensor, p: number, train: boolean): Tensor {
  return operator('aten::dropout').call([input, p, train]) as Tensor
}

/** `aten::cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, float label_smoothing=0.) -> Tensor` */
export function crossEntropyLoss(self: Tensor, target: Tensor, options: { weight?: Tensor | null; reduction?: number; ignoreIndex?: number; labelSmoothing?: number } = {}): Tensor {
  return operator('aten::cross_entropy_loss').call([self, target, options.weight, options.reduction, options.ignoreIndex, options.labelSmoothing]) as Tensor
}

/** `aten::binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int reduction=1) -> Tensor` */
export function binaryCrossEntropyWithLogits(self: Tensor, target: Tensor, options: { weight?: Tensor | null; posWeight?: Tensor | null; reduction?: number } = {}): Tensor {
  return operator('aten::binary_cross_entropy_with_logits').call([self, target, options.weight, options.posWeight, options.reduction]) as Tensor
}

/** `aten::mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor` */
export function mseLoss(self: Tensor, target: Tensor, options: { reduction?: number } = {}): Tensor {
  return operator('aten::mse_loss').call([self, target, options.reduction]) as Tensor
}

/** `aten::convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor` */
export function convolution(input: Tensor, weight: Tensor, bias: Tensor | null, stride: readonly number[], padding: readonly number[], dilation: readonly number[], transposed: boolean, outputPadding: readonly number[], groups: number): Tensor {
  return operator('aten::convolution').call([input, weight, bias, stride, padding, dilation, transposed, outputPadding, groups]) as Tensor
}

/** `aten::_foreach_norm.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> Tensor[]` */
export function foreachNorm(self: readonly Tensor[], options: { ord?: number; dtype?: DType | null } = {}): Tensor[] {
  return operator('aten::_foreach_norm.Scalar').call([self, options.ord, options.dtype]) as Tensor[]
}

/** `aten::_foreach_mul_.Tensor(Tensor(a!)[] self, Tensor other) -> ()` */
export function foreachMul_(self: readonly Tensor[], other: Tensor): void {
  return operator('aten::_foreach_mul_.Tensor').call([self, other]) as void
}

/** `aten::_foreach_add_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()` */
export function foreachAddScalar_(self: readonly Tensor[], scalar: number): void {
  return operator('aten::_foreach_add_.Scalar').call([self, scalar]) as void
}

/** `aten::_foreach_add_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()` */
export function foreachAdd_(self: readonly Tensor[], other: readonly Tensor[], options: { alpha?: number } = {}): void {
  return operator('aten::_foreach_add_.List').call([self, other, options.alpha]) as void
}

/** `aten::_foreach_copy_(Tensor(a!)[] self, Tensor[] src, bool non_blocking=False) -> ()` */
export function foreachCopy_(self: readonly Tensor[], src: readonly Tensor[], options: { nonBlocking?: boolean } = {}): void {
  return operator('aten::_foreach_copy_').call([self, src, options.nonBlocking]) as void
}

/** `aten::_fused_adamw_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, Tensor lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()` */
export function fusedAdamw_(self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: Tensor; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null; foundInf?: Tensor | null }): void {
  return operator('aten::_fused_adamw_.tensor_lr').call([self, grads, expAvgs, expAvgSqs, maxExpAvgSqs, stateSteps, options.lr, options.beta1, options.beta2, options.weightDecay, options.eps, options.amsgrad, options.maximize, options.gradScale, options.foundInf]) as void
}
