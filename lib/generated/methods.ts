// Written by scripts/generate-ops.ts from libtorch's schemas: `npm run generate`.
import type { Scalar } from '../overloads.ts'
import type { Device, DType, Tensor } from '../tensor.ts'

/** The operators that are methods of Tensor. */
export interface TensorMethods {
  /** `aten::abs(Tensor self) -> Tensor` */
  abs(): Tensor

  /** `aten::abs_(Tensor(a!) self) -> Tensor(a!)` */
  abs_(): this

  /** `aten::acos(Tensor self) -> Tensor` */
  acos(): Tensor

  /** `aten::acos_(Tensor(a!) self) -> Tensor(a!)` */
  acos_(): this

  /** `aten::acosh(Tensor self) -> Tensor` */
  acosh(): Tensor

  /** `aten::acosh_(Tensor(a!) self) -> Tensor(a!)` */
  acosh_(): this

  /** `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor` */
  add(other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): Tensor

  /** `aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)` */
  add_(other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): this

  /** `aten::addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor` */
  addbmm(batch1: Tensor, batch2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor

  /** `aten::addbmm_(Tensor(a!) self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
  addbmm_(batch1: Tensor, batch2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): this

  /** `aten::addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor` */
  addcdiv(tensor1: Tensor, tensor2: Tensor, options?: { value?: Scalar | undefined }): Tensor

  /** `aten::addcdiv_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)` */
  addcdiv_(tensor1: Tensor, tensor2: Tensor, options?: { value?: Scalar | undefined }): this

  /** `aten::addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor` */
  addcmul(tensor1: Tensor, tensor2: Tensor, options?: { value?: Scalar | undefined }): Tensor

  /** `aten::addcmul_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)` */
  addcmul_(tensor1: Tensor, tensor2: Tensor, options?: { value?: Scalar | undefined }): this

  /**
   * - `aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor`
   * - `aten::addmm.dtype(Tensor self, Tensor mat1, Tensor mat2, ScalarType out_dtype, *, Scalar beta=1, Scalar alpha=1) -> Tensor`
   */
  addmm(mat1: Tensor, mat2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
  addmm(mat1: Tensor, mat2: Tensor, outDtype: DType, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor

  /** `aten::addmm_(Tensor(a!) self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
  addmm_(mat1: Tensor, mat2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): this

  /** `aten::addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor` */
  addmv(mat: Tensor, vec: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor

  /** `aten::addmv_(Tensor(a!) self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
  addmv_(mat: Tensor, vec: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): this

  /** `aten::addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor` */
  addr(vec1: Tensor, vec2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor

  /** `aten::addr_(Tensor(a!) self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
  addr_(vec1: Tensor, vec2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): this

  /**
   * - `aten::all(Tensor self) -> Tensor`
   * - `aten::all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor`
   * - `aten::all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor`
   */
  all(): Tensor
  all(dim: number, options?: { keepdim?: boolean | undefined }): Tensor
  all(dim?: readonly number[] | null, options?: { keepdim?: boolean | undefined }): Tensor
  all(options: { dim?: readonly number[] | null | undefined; keepdim?: boolean | undefined }): Tensor

  /** `aten::allclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False) -> bool` */
  allclose(other: Tensor, rtol?: number, atol?: number, options?: { equalNan?: boolean | undefined }): boolean
  allclose(other: Tensor, options: { rtol?: number | undefined; atol?: number | undefined; equalNan?: boolean | undefined }): boolean

  /** `aten::amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor` */
  amax(dim?: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
  amax(options: { dim?: number | readonly number[] | undefined; keepdim?: boolean | undefined }): Tensor

  /** `aten::amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor` */
  amin(dim?: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
  amin(options: { dim?: number | readonly number[] | undefined; keepdim?: boolean | undefined }): Tensor

  /** `aten::aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)` */
  aminmax(options?: { dim?: number | null | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]

  /**
   * - `aten::any(Tensor self) -> Tensor`
   * - `aten::any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor`
   * - `aten::any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor`
   */
  any(): Tensor
  any(dim: number, options?: { keepdim?: boolean | undefined }): Tensor
  any(dim?: readonly number[] | null, options?: { keepdim?: boolean | undefined }): Tensor
  any(options: { dim?: readonly number[] | null | undefined; keepdim?: boolean | undefined }): Tensor

  /** `aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor` */
  argmax(dim?: number | null, options?: { keepdim?: boolean | undefined }): Tensor
  argmax(options: { dim?: number | null | undefined; keepdim?: boolean | undefined }): Tensor

  /** `aten::argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor` */
  argmin(dim?: number | null, options?: { keepdim?: boolean | undefined }): Tensor
  argmin(options: { dim?: number | null | undefined; keepdim?: boolean | undefined }): Tensor

  /**
   * - `aten::argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor`
   * - `aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor`
   */
  argsort(options: { stable: boolean; dim?: number | undefined; descending?: boolean | undefined }): Tensor
  argsort(dim?: number, options?: { descending?: boolean | undefined }): Tensor
  argsort(options: { dim?: number | undefined; descending?: boolean | undefined }): Tensor

  /** `aten::argwhere(Tensor self) -> Tensor` */
  argwhere(): Tensor

  /** `aten::as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a)` */
  asStrided(size: readonly number[], stride: readonly number[], storageOffset?: number | null): Tensor
  asStrided(size: readonly number[], stride: readonly number[], options: { storageOffset?: number | null | undefined }): Tensor

  /** `aten::asin(Tensor self) -> Tensor` */
  asin(): Tensor

  /** `aten::asin_(Tensor(a!) self) -> Tensor(a!)` */
  asin_(): this

  /** `aten::asinh(Tensor self) -> Tensor` */
  asinh(): Tensor

  /** `aten::asinh_(Tensor(a!) self) -> Tensor(a!)` */
  asinh_(): this

  /** `aten::atan(Tensor self) -> Tensor` */
  atan(): Tensor

  /** `aten::atan2(Tensor self, Tensor other) -> Tensor` */
  atan2(other: Tensor): Tensor

  /** `aten::atan2_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  atan2_(other: Tensor): this

  /** `aten::atan_(Tensor(a!) self) -> Tensor(a!)` */
  atan_(): this

  /** `aten::atanh(Tensor self) -> Tensor` */
  atanh(): Tensor

  /** `aten::atanh_(Tensor(a!) self) -> Tensor(a!)` */
  atanh_(): this

  /**
   * - `aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor`
   * - `aten::baddbmm.dtype(Tensor self, Tensor batch1, Tensor batch2, ScalarType out_dtype, *, Scalar beta=1, Scalar alpha=1) -> Tensor`
   */
  baddbmm(batch1: Tensor, batch2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
  baddbmm(batch1: Tensor, batch2: Tensor, outDtype: DType, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor

  /** `aten::baddbmm_(Tensor(a!) self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
  baddbmm_(batch1: Tensor, batch2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): this

  /**
   * - `aten::bernoulli(Tensor self, *, Generator? generator=None) -> Tensor`
   * - `aten::bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor`
   * - `aten::bernoulli.Tensor(Tensor self, Tensor p, *, Generator? generator=None) -> Tensor`
   */
  bernoulli(): Tensor
  bernoulli(p: number | Tensor): Tensor

  /**
   * - `aten::bernoulli_.float(Tensor(a!) self, float p=0.5, *, Generator? generator=None) -> Tensor(a!)`
   * - `aten::bernoulli_.Tensor(Tensor(a!) self, Tensor p, *, Generator? generator=None) -> Tensor(a!)`
   */
  bernoulli_(p?: number): this
  bernoulli_(options: { p?: number | undefined }): this
  bernoulli_(p: Tensor): this

  /** `aten::bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor` */
  bincount(weights?: Tensor | null, minlength?: number): Tensor
  bincount(options: { weights?: Tensor | null | undefined; minlength?: number | undefined }): Tensor

  /**
   * - `aten::bitwise_and.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  bitwiseAnd(other: Scalar | Tensor): Tensor

  /**
   * - `aten::bitwise_and_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::bitwise_and_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  bitwiseAnd_(other: Scalar | Tensor): this

  /**
   * - `aten::bitwise_left_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::bitwise_left_shift.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  bitwiseLeftShift(other: Scalar | Tensor): Tensor

  /**
   * - `aten::bitwise_left_shift_.Tensor_Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::bitwise_left_shift_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  bitwiseLeftShift_(other: Scalar | Tensor): this

  /** `aten::bitwise_not(Tensor self) -> Tensor` */
  bitwiseNot(): Tensor

  /** `aten::bitwise_not_(Tensor(a!) self) -> Tensor(a!)` */
  bitwiseNot_(): this

  /**
   * - `aten::bitwise_or.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  bitwiseOr(other: Scalar | Tensor): Tensor

  /**
   * - `aten::bitwise_or_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::bitwise_or_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  bitwiseOr_(other: Scalar | Tensor): this

  /**
   * - `aten::bitwise_right_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::bitwise_right_shift.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  bitwiseRightShift(other: Scalar | Tensor): Tensor

  /**
   * - `aten::bitwise_right_shift_.Tensor_Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::bitwise_right_shift_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  bitwiseRightShift_(other: Scalar | Tensor): this

  /**
   * - `aten::bitwise_xor.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  bitwiseXor(other: Scalar | Tensor): Tensor

  /**
   * - `aten::bitwise_xor_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::bitwise_xor_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  bitwiseXor_(other: Scalar | Tensor): this

  /**
   * - `aten::bmm(Tensor self, Tensor mat2) -> Tensor`
   * - `aten::bmm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor`
   */
  bmm(mat2: Tensor): Tensor
  bmm(mat2: Tensor, outDtype: DType): Tensor

  /** `aten::broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)` */
  broadcastTo(size: readonly number[]): Tensor

  /** `aten::cauchy_(Tensor(a!) self, float median=0., float sigma=1., *, Generator? generator=None) -> Tensor(a!)` */
  cauchy_(median?: number, sigma?: number): this
  cauchy_(options: { median?: number | undefined; sigma?: number | undefined }): this

  /** `aten::ceil(Tensor self) -> Tensor` */
  ceil(): Tensor

  /** `aten::ceil_(Tensor(a!) self) -> Tensor(a!)` */
  ceil_(): this

  /** `aten::cholesky_inverse(Tensor self, bool upper=False) -> Tensor` */
  choleskyInverse(options?: { upper?: boolean | undefined }): Tensor

  /** `aten::cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor` */
  choleskySolve(input2: Tensor, options?: { upper?: boolean | undefined }): Tensor

  /** `aten::chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]` */
  chunk(chunks: number, dim?: number): Tensor[]
  chunk(chunks: number, options: { dim?: number | undefined }): Tensor[]

  /**
   * - `aten::clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor`
   * - `aten::clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor`
   */
  clamp(min?: Scalar | null, max?: Scalar | null): Tensor
  clamp(options: { min?: Scalar | null | undefined; max?: Scalar | null | undefined }): Tensor
  clamp(min?: Tensor | null, max?: Tensor | null): Tensor
  clamp(options: { min?: Tensor | null | undefined; max?: Tensor | null | undefined }): Tensor

  /**
   * - `aten::clamp_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!)`
   * - `aten::clamp_.Tensor(Tensor(a!) self, Tensor? min=None, Tensor? max=None) -> Tensor(a!)`
   */
  clamp_(min?: Scalar | null, max?: Scalar | null): this
  clamp_(options: { min?: Scalar | null | undefined; max?: Scalar | null | undefined }): this
  clamp_(min?: Tensor | null, max?: Tensor | null): this
  clamp_(options: { min?: Tensor | null | undefined; max?: Tensor | null | undefined }): this

  /**
   * - `aten::clamp_max(Tensor self, Scalar max) -> Tensor`
   * - `aten::clamp_max.Tensor(Tensor self, Tensor max) -> Tensor`
   */
  clampMax(max: Scalar | Tensor): Tensor

  /**
   * - `aten::clamp_max_(Tensor(a!) self, Scalar max) -> Tensor(a!)`
   * - `aten::clamp_max_.Tensor(Tensor(a!) self, Tensor max) -> Tensor(a!)`
   */
  clampMax_(max: Scalar | Tensor): this

  /**
   * - `aten::clamp_min(Tensor self, Scalar min) -> Tensor`
   * - `aten::clamp_min.Tensor(Tensor self, Tensor min) -> Tensor`
   */
  clampMin(min: Scalar | Tensor): Tensor

  /**
   * - `aten::clamp_min_(Tensor(a!) self, Scalar min) -> Tensor(a!)`
   * - `aten::clamp_min_.Tensor(Tensor(a!) self, Tensor min) -> Tensor(a!)`
   */
  clampMin_(min: Scalar | Tensor): this

  /** `aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor` */
  clone(): Tensor

  /** `aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)` */
  contiguous(): Tensor

  /** `aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)` */
  copy_(src: Tensor, options?: { nonBlocking?: boolean | undefined }): this

  /**
   * - `aten::copysign.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::copysign.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  copysign(other: Scalar | Tensor): Tensor

  /**
   * - `aten::copysign_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::copysign_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  copysign_(other: Scalar | Tensor): this

  /** `aten::corrcoef(Tensor self) -> Tensor` */
  corrcoef(): Tensor

  /** `aten::cos(Tensor self) -> Tensor` */
  cos(): Tensor

  /** `aten::cos_(Tensor(a!) self) -> Tensor(a!)` */
  cos_(): this

  /** `aten::cosh(Tensor self) -> Tensor` */
  cosh(): Tensor

  /** `aten::cosh_(Tensor(a!) self) -> Tensor(a!)` */
  cosh_(): this

  /**
   * - `aten::count_nonzero(Tensor self, int? dim=None) -> Tensor`
   * - `aten::count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor`
   */
  countNonzero(dim?: number | null): Tensor
  countNonzero(options: { dim?: number | null | undefined }): Tensor
  countNonzero(dim: readonly number[]): Tensor

  /** `aten::cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor` */
  cov(options?: { correction?: number | undefined; fweights?: Tensor | null | undefined; aweights?: Tensor | null | undefined }): Tensor

  /** `aten::cross(Tensor self, Tensor other, int? dim=None) -> Tensor` */
  cross(other: Tensor, dim?: number | null): Tensor
  cross(other: Tensor, options: { dim?: number | null | undefined }): Tensor

  /** `aten::cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)` */
  cummax(dim: number): [Tensor, Tensor]

  /** `aten::cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)` */
  cummin(dim: number): [Tensor, Tensor]

  /** `aten::cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor` */
  cumprod(dim: number, options?: { dtype?: DType | null | undefined }): Tensor

  /** `aten::cumprod_(Tensor(a!) self, int dim, *, ScalarType? dtype=None) -> Tensor(a!)` */
  cumprod_(dim: number, options?: { dtype?: DType | null | undefined }): this

  /** `aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor` */
  cumsum(dim: number, options?: { dtype?: DType | null | undefined }): Tensor

  /** `aten::cumsum_(Tensor(a!) self, int dim, *, ScalarType? dtype=None) -> Tensor(a!)` */
  cumsum_(dim: number, options?: { dtype?: DType | null | undefined }): this

  /** `aten::deg2rad(Tensor self) -> Tensor` */
  deg2rad(): Tensor

  /** `aten::deg2rad_(Tensor(a!) self) -> Tensor(a!)` */
  deg2rad_(): this

  /** `aten::det(Tensor self) -> Tensor` */
  det(): Tensor

  /** `aten::detach(Tensor(a) self) -> Tensor(a)` */
  detach(): Tensor

  /** `aten::diag(Tensor self, int diagonal=0) -> Tensor` */
  diag(diagonal?: number): Tensor
  diag(options: { diagonal?: number | undefined }): Tensor

  /** `aten::diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor` */
  diagEmbed(offset?: number, dim1?: number, dim2?: number): Tensor
  diagEmbed(options: { offset?: number | undefined; dim1?: number | undefined; dim2?: number | undefined }): Tensor

  /** `aten::diagflat(Tensor self, int offset=0) -> Tensor` */
  diagflat(offset?: number): Tensor
  diagflat(options: { offset?: number | undefined }): Tensor

  /** `aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)` */
  diagonal(offset?: number, dim1?: number, dim2?: number): Tensor
  diagonal(options: { offset?: number | undefined; dim1?: number | undefined; dim2?: number | undefined }): Tensor

  /** `aten::diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor` */
  diagonalScatter(src: Tensor, offset?: number, dim1?: number, dim2?: number): Tensor
  diagonalScatter(src: Tensor, options: { offset?: number | undefined; dim1?: number | undefined; dim2?: number | undefined }): Tensor

  /** `aten::diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor` */
  diff(n?: number, dim?: number, prepend?: Tensor | null, append?: Tensor | null): Tensor
  diff(options: { n?: number | undefined; dim?: number | undefined; prepend?: Tensor | null | undefined; append?: Tensor | null | undefined }): Tensor

  /** `aten::digamma(Tensor self) -> Tensor` */
  digamma(): Tensor

  /** `aten::digamma_(Tensor(a!) self) -> Tensor(a!)` */
  digamma_(): this

  /** `aten::dist(Tensor self, Tensor other, Scalar p=2) -> Tensor` */
  dist(other: Tensor, p?: Scalar): Tensor
  dist(other: Tensor, options: { p?: Scalar | undefined }): Tensor

  /**
   * - `aten::div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor`
   * - `aten::div.Tensor(Tensor self, Tensor other) -> Tensor`
   * - `aten::div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor`
   */
  div(other: Scalar | Tensor, options: { roundingMode: 'trunc' | 'floor' | null }): Tensor
  div(other: Tensor | Scalar): Tensor

  /**
   * - `aten::div_.Scalar_mode(Tensor(a!) self, Scalar other, *, str? rounding_mode) -> Tensor(a!)`
   * - `aten::div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   * - `aten::div_.Tensor_mode(Tensor(a!) self, Tensor other, *, str? rounding_mode) -> Tensor(a!)`
   */
  div_(other: Scalar | Tensor, options: { roundingMode: 'trunc' | 'floor' | null }): this
  div_(other: Tensor | Scalar): this

  /** `aten::dot(Tensor self, Tensor tensor) -> Tensor` */
  dot(tensor: Tensor): Tensor

  /**
   * - `aten::dsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]`
   * - `aten::dsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]`
   */
  dsplit(indices: readonly number[] | number): Tensor[]

  /**
   * - `aten::eq.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::eq.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  eq(other: Scalar | Tensor): Tensor

  /**
   * - `aten::eq_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::eq_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  eq_(other: Scalar | Tensor): this

  /** `aten::equal(Tensor self, Tensor other) -> bool` */
  equal(other: Tensor): boolean

  /** `aten::erf(Tensor self) -> Tensor` */
  erf(): Tensor

  /** `aten::erf_(Tensor(a!) self) -> Tensor(a!)` */
  erf_(): this

  /** `aten::erfc(Tensor self) -> Tensor` */
  erfc(): Tensor

  /** `aten::erfc_(Tensor(a!) self) -> Tensor(a!)` */
  erfc_(): this

  /** `aten::erfinv(Tensor self) -> Tensor` */
  erfinv(): Tensor

  /** `aten::erfinv_(Tensor(a!) self) -> Tensor(a!)` */
  erfinv_(): this

  /** `aten::exp(Tensor self) -> Tensor` */
  exp(): Tensor

  /** `aten::exp2(Tensor self) -> Tensor` */
  exp2(): Tensor

  /** `aten::exp2_(Tensor(a!) self) -> Tensor(a!)` */
  exp2_(): this

  /** `aten::exp_(Tensor(a!) self) -> Tensor(a!)` */
  exp_(): this

  /** `aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)` */
  expand(size: readonly number[], options?: { implicit?: boolean | undefined }): Tensor

  /** `aten::expand_as(Tensor(a) self, Tensor other) -> Tensor(a)` */
  expandAs(other: Tensor): Tensor

  /** `aten::expm1(Tensor self) -> Tensor` */
  expm1(): Tensor

  /** `aten::expm1_(Tensor(a!) self) -> Tensor(a!)` */
  expm1_(): this

  /** `aten::exponential_(Tensor(a!) self, float lambd=1., *, Generator? generator=None) -> Tensor(a!)` */
  exponential_(lambd?: number): this
  exponential_(options: { lambd?: number | undefined }): this

  /**
   * - `aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)`
   * - `aten::fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)`
   */
  fill_(value: Scalar | Tensor): this

  /** `aten::fill_diagonal_(Tensor(a!) self, Scalar fill_value, bool wrap=False) -> Tensor(a!)` */
  fillDiagonal_(fillValue: Scalar, options?: { wrap?: boolean | undefined }): this

  /** `aten::flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)` */
  flatten(startDim?: number, endDim?: number): Tensor
  flatten(options: { startDim?: number | undefined; endDim?: number | undefined }): Tensor

  /** `aten::flip(Tensor self, int[] dims) -> Tensor` */
  flip(dims: readonly number[]): Tensor

  /** `aten::fliplr(Tensor self) -> Tensor` */
  fliplr(): Tensor

  /** `aten::flipud(Tensor self) -> Tensor` */
  flipud(): Tensor

  /**
   * - `aten::float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor`
   * - `aten::float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor`
   */
  floatPower(exponent: Scalar | Tensor): Tensor

  /**
   * - `aten::float_power_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)`
   * - `aten::float_power_.Tensor(Tensor(a!) self, Tensor exponent) -> Tensor(a!)`
   */
  floatPower_(exponent: Scalar | Tensor): this

  /** `aten::floor(Tensor self) -> Tensor` */
  floor(): Tensor

  /** `aten::floor_(Tensor(a!) self) -> Tensor(a!)` */
  floor_(): this

  /**
   * - `aten::floor_divide.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::floor_divide(Tensor self, Tensor other) -> Tensor`
   */
  floorDivide(other: Scalar | Tensor): Tensor

  /**
   * - `aten::floor_divide_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::floor_divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  floorDivide_(other: Scalar | Tensor): this

  /** `aten::fmax(Tensor self, Tensor other) -> Tensor` */
  fmax(other: Tensor): Tensor

  /** `aten::fmin(Tensor self, Tensor other) -> Tensor` */
  fmin(other: Tensor): Tensor

  /**
   * - `aten::fmod.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::fmod.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  fmod(other: Scalar | Tensor): Tensor

  /**
   * - `aten::fmod_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::fmod_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  fmod_(other: Scalar | Tensor): this

  /** `aten::frac(Tensor self) -> Tensor` */
  frac(): Tensor

  /** `aten::frac_(Tensor(a!) self) -> Tensor(a!)` */
  frac_(): this

  /** `aten::frexp.Tensor(Tensor self) -> (Tensor mantissa, Tensor exponent)` */
  frexp(): [Tensor, Tensor]

  /** `aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor` */
  gather(dim: number, index: Tensor, options?: { sparseGrad?: boolean | undefined }): Tensor

  /** `aten::gcd(Tensor self, Tensor other) -> Tensor` */
  gcd(other: Tensor): Tensor

  /** `aten::gcd_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  gcd_(other: Tensor): this

  /**
   * - `aten::ge.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::ge.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  ge(other: Scalar | Tensor): Tensor

  /**
   * - `aten::ge_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::ge_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  ge_(other: Scalar | Tensor): this

  /** `aten::geometric_(Tensor(a!) self, float p, *, Generator? generator=None) -> Tensor(a!)` */
  geometric_(p: number): this

  /**
   * - `aten::gt.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::gt.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  gt(other: Scalar | Tensor): Tensor

  /**
   * - `aten::gt_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::gt_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  gt_(other: Scalar | Tensor): this

  /** `aten::hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor` */
  hardshrink(lambd?: Scalar): Tensor
  hardshrink(options: { lambd?: Scalar | undefined }): Tensor

  /** `aten::heaviside(Tensor self, Tensor values) -> Tensor` */
  heaviside(values: Tensor): Tensor

  /** `aten::heaviside_(Tensor(a!) self, Tensor values) -> Tensor(a!)` */
  heaviside_(values: Tensor): this

  /** `aten::histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor` */
  histc(bins?: number, min?: Scalar, max?: Scalar): Tensor
  histc(options: { bins?: number | undefined; min?: Scalar | undefined; max?: Scalar | undefined }): Tensor

  /**
   * - `aten::histogram.bin_ct(Tensor self, int bins=100, *, float[]? range=None, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)`
   * - `aten::histogram.bins_tensor(Tensor self, Tensor bins, *, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)`
   */
  histogram(bins?: number, options?: { range?: readonly number[] | null | undefined; weight?: Tensor | null | undefined; density?: boolean | undefined }): [Tensor, Tensor]
  histogram(options: { bins?: number | undefined; range?: readonly number[] | null | undefined; weight?: Tensor | null | undefined; density?: boolean | undefined }): [Tensor, Tensor]
  histogram(bins: Tensor, options?: { weight?: Tensor | null | undefined; density?: boolean | undefined }): [Tensor, Tensor]

  /**
   * - `aten::hsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]`
   * - `aten::hsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]`
   */
  hsplit(indices: readonly number[] | number): Tensor[]

  /** `aten::hypot(Tensor self, Tensor other) -> Tensor` */
  hypot(other: Tensor): Tensor

  /** `aten::hypot_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  hypot_(other: Tensor): this

  /** `aten::i0(Tensor self) -> Tensor` */
  i0(): Tensor

  /** `aten::i0_(Tensor(a!) self) -> Tensor(a!)` */
  i0_(): this

  /** `aten::igamma(Tensor self, Tensor other) -> Tensor` */
  igamma(other: Tensor): Tensor

  /** `aten::igamma_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  igamma_(other: Tensor): this

  /** `aten::igammac(Tensor self, Tensor other) -> Tensor` */
  igammac(other: Tensor): Tensor

  /** `aten::igammac_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  igammac_(other: Tensor): this

  /** `aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor` */
  index(indices: readonly (Tensor | null)[]): Tensor

  /** `aten::index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor` */
  indexAdd(dim: number, index: Tensor, source: Tensor, options?: { alpha?: Scalar | undefined }): Tensor

  /** `aten::index_add_(Tensor(a!) self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor(a!)` */
  indexAdd_(dim: number, index: Tensor, source: Tensor, options?: { alpha?: Scalar | undefined }): this

  /** `aten::index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor` */
  indexCopy(dim: number, index: Tensor, source: Tensor): Tensor

  /** `aten::index_copy_(Tensor(a!) self, int dim, Tensor index, Tensor source) -> Tensor(a!)` */
  indexCopy_(dim: number, index: Tensor, source: Tensor): this

  /**
   * - `aten::index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor`
   * - `aten::index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor`
   */
  indexFill(dim: number, index: Tensor, value: Scalar | Tensor): Tensor

  /**
   * - `aten::index_fill_.int_Scalar(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)`
   * - `aten::index_fill_.int_Tensor(Tensor(a!) self, int dim, Tensor index, Tensor value) -> Tensor(a!)`
   */
  indexFill_(dim: number, index: Tensor, value: Scalar | Tensor): this

  /** `aten::index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor` */
  indexPut(indices: readonly (Tensor | null)[], values: Tensor, options?: { accumulate?: boolean | undefined }): Tensor

  /** `aten::index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor(a!)` */
  indexPut_(indices: readonly (Tensor | null)[], values: Tensor, options?: { accumulate?: boolean | undefined }): this

  /** `aten::index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor` */
  indexReduce(dim: number, index: Tensor, source: Tensor, reduce: string, options?: { includeSelf?: boolean | undefined }): Tensor

  /** `aten::index_reduce_(Tensor(a!) self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor(a!)` */
  indexReduce_(dim: number, index: Tensor, source: Tensor, reduce: string, options?: { includeSelf?: boolean | undefined }): this

  /** `aten::index_select(Tensor self, int dim, Tensor index) -> Tensor` */
  indexSelect(dim: number, index: Tensor): Tensor

  /** `aten::inner(Tensor self, Tensor other) -> Tensor` */
  inner(other: Tensor): Tensor

  /** `aten::isclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False) -> Tensor` */
  isclose(other: Tensor, rtol?: number, atol?: number, options?: { equalNan?: boolean | undefined }): Tensor
  isclose(other: Tensor, options: { rtol?: number | undefined; atol?: number | undefined; equalNan?: boolean | undefined }): Tensor

  /** `aten::isfinite(Tensor self) -> Tensor` */
  isfinite(): Tensor

  /** `aten::isinf(Tensor self) -> Tensor` */
  isinf(): Tensor

  /** `aten::isnan(Tensor self) -> Tensor` */
  isnan(): Tensor

  /** `aten::isneginf(Tensor self) -> Tensor` */
  isneginf(): Tensor

  /** `aten::isposinf(Tensor self) -> Tensor` */
  isposinf(): Tensor

  /** `aten::isreal(Tensor self) -> Tensor` */
  isreal(): Tensor

  /** `aten::kron(Tensor self, Tensor other) -> Tensor` */
  kron(other: Tensor): Tensor

  /** `aten::kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)` */
  kthvalue(k: number, dim?: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
  kthvalue(k: number, options: { dim?: number | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]

  /** `aten::lcm(Tensor self, Tensor other) -> Tensor` */
  lcm(other: Tensor): Tensor

  /** `aten::lcm_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  lcm_(other: Tensor): this

  /** `aten::ldexp.Tensor(Tensor self, Tensor other) -> Tensor` */
  ldexp(other: Tensor): Tensor

  /** `aten::ldexp_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  ldexp_(other: Tensor): this

  /**
   * - `aten::le.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::le.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  le(other: Scalar | Tensor): Tensor

  /**
   * - `aten::le_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::le_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  le_(other: Scalar | Tensor): this

  /**
   * - `aten::lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor`
   * - `aten::lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor`
   */
  lerp(end: Tensor, weight: Scalar | Tensor): Tensor

  /**
   * - `aten::lerp_.Scalar(Tensor(a!) self, Tensor end, Scalar weight) -> Tensor(a!)`
   * - `aten::lerp_.Tensor(Tensor(a!) self, Tensor end, Tensor weight) -> Tensor(a!)`
   */
  lerp_(end: Tensor, weight: Scalar | Tensor): this

  /** `aten::lgamma(Tensor self) -> Tensor` */
  lgamma(): Tensor

  /** `aten::lgamma_(Tensor(a!) self) -> Tensor(a!)` */
  lgamma_(): this

  /** `aten::log(Tensor self) -> Tensor` */
  log(): Tensor

  /** `aten::log10(Tensor self) -> Tensor` */
  log10(): Tensor

  /** `aten::log10_(Tensor(a!) self) -> Tensor(a!)` */
  log10_(): this

  /** `aten::log1p(Tensor self) -> Tensor` */
  log1p(): Tensor

  /** `aten::log1p_(Tensor(a!) self) -> Tensor(a!)` */
  log1p_(): this

  /** `aten::log2(Tensor self) -> Tensor` */
  log2(): Tensor

  /** `aten::log2_(Tensor(a!) self) -> Tensor(a!)` */
  log2_(): this

  /** `aten::log_(Tensor(a!) self) -> Tensor(a!)` */
  log_(): this

  /** `aten::log_normal_(Tensor(a!) self, float mean=1., float std=2., *, Generator? generator=None) -> Tensor(a!)` */
  logNormal_(mean?: number, std?: number): this
  logNormal_(options: { mean?: number | undefined; std?: number | undefined }): this

  /** `aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor` */
  logSoftmax(dim: number, dtype?: DType | null): Tensor
  logSoftmax(dim: number, options: { dtype?: DType | null | undefined }): Tensor

  /** `aten::logaddexp(Tensor self, Tensor other) -> Tensor` */
  logaddexp(other: Tensor): Tensor

  /** `aten::logaddexp2(Tensor self, Tensor other) -> Tensor` */
  logaddexp2(other: Tensor): Tensor

  /** `aten::logcumsumexp(Tensor self, int dim) -> Tensor` */
  logcumsumexp(dim: number): Tensor

  /** `aten::logdet(Tensor self) -> Tensor` */
  logdet(): Tensor

  /** `aten::logical_and(Tensor self, Tensor other) -> Tensor` */
  logicalAnd(other: Tensor): Tensor

  /** `aten::logical_and_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  logicalAnd_(other: Tensor): this

  /** `aten::logical_not(Tensor self) -> Tensor` */
  logicalNot(): Tensor

  /** `aten::logical_not_(Tensor(a!) self) -> Tensor(a!)` */
  logicalNot_(): this

  /** `aten::logical_or(Tensor self, Tensor other) -> Tensor` */
  logicalOr(other: Tensor): Tensor

  /** `aten::logical_or_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  logicalOr_(other: Tensor): this

  /** `aten::logical_xor(Tensor self, Tensor other) -> Tensor` */
  logicalXor(other: Tensor): Tensor

  /** `aten::logical_xor_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  logicalXor_(other: Tensor): this

  /** `aten::logit(Tensor self, float? eps=None) -> Tensor` */
  logit(eps?: number | null): Tensor
  logit(options: { eps?: number | null | undefined }): Tensor

  /** `aten::logit_(Tensor(a!) self, float? eps=None) -> Tensor(a!)` */
  logit_(eps?: number | null): this
  logit_(options: { eps?: number | null | undefined }): this

  /** `aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor` */
  logsumexp(dim: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor

  /**
   * - `aten::lt.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::lt.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  lt(other: Scalar | Tensor): Tensor

  /**
   * - `aten::lt_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::lt_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  lt_(other: Scalar | Tensor): this

  /** `aten::lu_solve(Tensor self, Tensor LU_data, Tensor LU_pivots) -> Tensor` */
  luSolve(LUData: Tensor, LUPivots: Tensor): Tensor

  /**
   * - `aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor`
   * - `aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor`
   */
  maskedFill(mask: Tensor, value: Scalar | Tensor): Tensor

  /**
   * - `aten::masked_fill_.Scalar(Tensor(a!) self, Tensor mask, Scalar value) -> Tensor(a!)`
   * - `aten::masked_fill_.Tensor(Tensor(a!) self, Tensor mask, Tensor value) -> Tensor(a!)`
   */
  maskedFill_(mask: Tensor, value: Scalar | Tensor): this

  /** `aten::masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor` */
  maskedScatter(mask: Tensor, source: Tensor): Tensor

  /** `aten::masked_scatter_(Tensor(a!) self, Tensor mask, Tensor source) -> Tensor(a!)` */
  maskedScatter_(mask: Tensor, source: Tensor): this

  /** `aten::masked_select(Tensor self, Tensor mask) -> Tensor` */
  maskedSelect(mask: Tensor): Tensor

  /** `aten::matmul(Tensor self, Tensor other) -> Tensor` */
  matmul(other: Tensor): Tensor

  /** `aten::matrix_exp(Tensor self) -> Tensor` */
  matrixExp(): Tensor

  /** `aten::matrix_power(Tensor self, int n) -> Tensor` */
  matrixPower(n: number): Tensor

  /**
   * - `aten::max(Tensor self) -> Tensor`
   * - `aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`
   * - `aten::max.other(Tensor self, Tensor other) -> Tensor`
   */
  max(): Tensor
  max(dim: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
  max(other: Tensor): Tensor

  /** `aten::maximum(Tensor self, Tensor other) -> Tensor` */
  maximum(other: Tensor): Tensor

  /**
   * - `aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
   * - `aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor`
   */
  mean(dim: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  mean(options?: { dtype?: DType | null | undefined }): Tensor

  /**
   * - `aten::median(Tensor self) -> Tensor`
   * - `aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`
   */
  median(): Tensor
  median(dim: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]

  /**
   * - `aten::min(Tensor self) -> Tensor`
   * - `aten::min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`
   * - `aten::min.other(Tensor self, Tensor other) -> Tensor`
   */
  min(): Tensor
  min(dim: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
  min(other: Tensor): Tensor

  /** `aten::minimum(Tensor self, Tensor other) -> Tensor` */
  minimum(other: Tensor): Tensor

  /**
   * - `aten::mm(Tensor self, Tensor mat2) -> Tensor`
   * - `aten::mm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor`
   */
  mm(mat2: Tensor): Tensor
  mm(mat2: Tensor, outDtype: DType): Tensor

  /** `aten::mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)` */
  mode(dim?: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
  mode(options: { dim?: number | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]

  /**
   * - `aten::movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)`
   * - `aten::movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)`
   */
  movedim(source: number, destination: number): Tensor
  movedim(source: readonly number[], destination: readonly number[]): Tensor

  /** `aten::msort(Tensor self) -> Tensor` */
  msort(): Tensor

  /** `aten::mul.Tensor(Tensor self, Tensor other) -> Tensor` */
  mul(other: Tensor | Scalar): Tensor

  /** `aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  mul_(other: Tensor | Scalar): this

  /** `aten::multinomial(Tensor self, SymInt num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor` */
  multinomial(numSamples: number, options?: { replacement?: boolean | undefined }): Tensor

  /** `aten::mv(Tensor self, Tensor vec) -> Tensor` */
  mv(vec: Tensor): Tensor

  /** `aten::mvlgamma(Tensor self, int p) -> Tensor` */
  mvlgamma(p: number): Tensor

  /** `aten::mvlgamma_(Tensor(a!) self, int p) -> Tensor(a!)` */
  mvlgamma_(p: number): this

  /** `aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor` */
  nanToNum(nan?: number | null, posinf?: number | null, neginf?: number | null): Tensor
  nanToNum(options: { nan?: number | null | undefined; posinf?: number | null | undefined; neginf?: number | null | undefined }): Tensor

  /** `aten::nan_to_num_(Tensor(a!) self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor(a!)` */
  nanToNum_(nan?: number | null, posinf?: number | null, neginf?: number | null): this
  nanToNum_(options: { nan?: number | null | undefined; posinf?: number | null | undefined; neginf?: number | null | undefined }): this

  /** `aten::nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
  nanmean(dim?: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  nanmean(options: { dim?: number | readonly number[] | null | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor

  /**
   * - `aten::nanmedian(Tensor self) -> Tensor`
   * - `aten::nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`
   */
  nanmedian(): Tensor
  nanmedian(dim: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]

  /**
   * - `aten::nanquantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor`
   * - `aten::nanquantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor`
   */
  nanquantile(q: number | Tensor, dim?: number | null, options?: { keepdim?: boolean | undefined; interpolation?: string | undefined }): Tensor
  nanquantile(q: number | Tensor, options: { dim?: number | null | undefined; keepdim?: boolean | undefined; interpolation?: string | undefined }): Tensor

  /** `aten::nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
  nansum(dim?: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  nansum(options: { dim?: number | readonly number[] | null | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor

  /**
   * - `aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)`
   * - `aten::narrow.Tensor(Tensor(a) self, int dim, Tensor start, SymInt length) -> Tensor(a)`
   */
  narrow(dim: number, start: number | Tensor, length: number): Tensor

  /**
   * - `aten::ne.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::ne.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  ne(other: Scalar | Tensor): Tensor

  /**
   * - `aten::ne_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::ne_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  ne_(other: Scalar | Tensor): this

  /** `aten::neg(Tensor self) -> Tensor` */
  neg(): Tensor

  /** `aten::neg_(Tensor(a!) self) -> Tensor(a!)` */
  neg_(): this

  /** `aten::new_empty(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
  newEmpty(size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor

  /** `aten::new_empty_strided(Tensor self, SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
  newEmptyStrided(size: readonly number[], stride: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor

  /** `aten::new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
  newFull(size: readonly number[], fillValue: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor

  /** `aten::new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
  newOnes(size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor

  /** `aten::new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
  newZeros(size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor

  /** `aten::nextafter(Tensor self, Tensor other) -> Tensor` */
  nextafter(other: Tensor): Tensor

  /** `aten::nextafter_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
  nextafter_(other: Tensor): this

  /** `aten::nonzero(Tensor self) -> Tensor` */
  nonzero(): Tensor

  /** `aten::nonzero_static(Tensor self, *, SymInt size, int fill_value=-1) -> Tensor` */
  nonzeroStatic(options: { size: number; fillValue?: number | undefined }): Tensor

  /**
   * - `aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor`
   * - `aten::norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor`
   * - `aten::norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor`
   * - `aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor`
   */
  norm(p?: Scalar): Tensor
  norm(options: { p?: Scalar | undefined }): Tensor
  norm(p: Scalar | null, dim: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
  norm(p: Scalar | null, dim: number | readonly number[], keepdim: boolean, options: { dtype: DType }): Tensor
  norm(p: Scalar | null, options: { dtype: DType }): Tensor

  /** `aten::normal_(Tensor(a!) self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor(a!)` */
  normal_(mean?: number, std?: number): this
  normal_(options: { mean?: number | undefined; std?: number | undefined }): this

  /** `aten::ormqr(Tensor self, Tensor input2, Tensor input3, bool left=True, bool transpose=False) -> Tensor` */
  ormqr(input2: Tensor, input3: Tensor, options?: { left?: boolean | undefined; transpose?: boolean | undefined }): Tensor

  /** `aten::outer(Tensor self, Tensor vec2) -> Tensor` */
  outer(vec2: Tensor): Tensor

  /** `aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)` */
  permute(dims: readonly number[]): Tensor

  /** `aten::pinverse(Tensor self, float rcond=1.0000000000000001e-15) -> Tensor` */
  pinverse(rcond?: number): Tensor
  pinverse(options: { rcond?: number | undefined }): Tensor

  /** `aten::positive(Tensor(a) self) -> Tensor(a)` */
  positive(): Tensor

  /**
   * - `aten::pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor`
   * - `aten::pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor`
   */
  pow(exponent: Scalar | Tensor): Tensor

  /**
   * - `aten::pow_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)`
   * - `aten::pow_.Tensor(Tensor(a!) self, Tensor exponent) -> Tensor(a!)`
   */
  pow_(exponent: Scalar | Tensor): this

  /** `aten::prelu(Tensor self, Tensor weight) -> Tensor` */
  prelu(weight: Tensor): Tensor

  /**
   * - `aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
   * - `aten::prod(Tensor self, *, ScalarType? dtype=None) -> Tensor`
   */
  prod(dim: number, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  prod(options?: { dtype?: DType | null | undefined }): Tensor

  /** `aten::put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor` */
  put(index: Tensor, source: Tensor, options?: { accumulate?: boolean | undefined }): Tensor

  /** `aten::put_(Tensor(a!) self, Tensor index, Tensor source, bool accumulate=False) -> Tensor(a!)` */
  put_(index: Tensor, source: Tensor, options?: { accumulate?: boolean | undefined }): this

  /**
   * - `aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor`
   * - `aten::quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor`
   */
  quantile(q: number | Tensor, dim?: number | null, options?: { keepdim?: boolean | undefined; interpolation?: string | undefined }): Tensor
  quantile(q: number | Tensor, options: { dim?: number | null | undefined; keepdim?: boolean | undefined; interpolation?: string | undefined }): Tensor

  /** `aten::rad2deg(Tensor self) -> Tensor` */
  rad2deg(): Tensor

  /** `aten::rad2deg_(Tensor(a!) self) -> Tensor(a!)` */
  rad2deg_(): this

  /**
   * - `aten::random_(Tensor(a!) self, *, Generator? generator=None) -> Tensor(a!)`
   * - `aten::random_.to(Tensor(a!) self, int to, *, Generator? generator=None) -> Tensor(a!)`
   * - `aten::random_.from(Tensor(a!) self, int from, int? to, *, Generator? generator=None) -> Tensor(a!)`
   */
  random_(): this
  random_(to: number): this
  random_(from: number, to: number | null): this

  /** `aten::ravel(Tensor(a) self) -> Tensor(a)` */
  ravel(): Tensor

  /** `aten::reciprocal(Tensor self) -> Tensor` */
  reciprocal(): Tensor

  /** `aten::reciprocal_(Tensor(a!) self) -> Tensor(a!)` */
  reciprocal_(): this

  /** `aten::relu(Tensor self) -> Tensor` */
  relu(): Tensor

  /** `aten::relu_(Tensor(a!) self) -> Tensor(a!)` */
  relu_(): this

  /**
   * - `aten::remainder.Scalar(Tensor self, Scalar other) -> Tensor`
   * - `aten::remainder.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  remainder(other: Scalar | Tensor): Tensor

  /**
   * - `aten::remainder_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::remainder_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  remainder_(other: Scalar | Tensor): this

  /** `aten::renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor` */
  renorm(p: Scalar, dim: number, maxnorm: Scalar): Tensor

  /** `aten::renorm_(Tensor(a!) self, Scalar p, int dim, Scalar maxnorm) -> Tensor(a!)` */
  renorm_(p: Scalar, dim: number, maxnorm: Scalar): this

  /** `aten::repeat(Tensor self, SymInt[] repeats) -> Tensor` */
  repeat(repeats: readonly number[]): Tensor

  /**
   * - `aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor`
   * - `aten::repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor`
   */
  repeatInterleave(repeats: number | Tensor, dim?: number | null, options?: { outputSize?: number | null | undefined }): Tensor
  repeatInterleave(repeats: number | Tensor, options: { dim?: number | null | undefined; outputSize?: number | null | undefined }): Tensor

  /** `aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)` */
  reshape(shape: readonly number[]): Tensor

  /** `aten::reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)` */
  reshapeAs(other: Tensor): Tensor

  /** `aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor` */
  roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor
  roll(shifts: number | readonly number[], options: { dims?: number | readonly number[] | undefined }): Tensor

  /** `aten::rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor` */
  rot90(k?: number, dims?: readonly number[]): Tensor
  rot90(options: { k?: number | undefined; dims?: readonly number[] | undefined }): Tensor

  /**
   * - `aten::round(Tensor self) -> Tensor`
   * - `aten::round.decimals(Tensor self, *, int decimals) -> Tensor`
   */
  round(): Tensor
  round(options: { decimals: number }): Tensor

  /**
   * - `aten::round_(Tensor(a!) self) -> Tensor(a!)`
   * - `aten::round_.decimals(Tensor(a!) self, *, int decimals) -> Tensor(a!)`
   */
  round_(): this
  round_(options: { decimals: number }): this

  /** `aten::rsqrt(Tensor self) -> Tensor` */
  rsqrt(): Tensor

  /** `aten::rsqrt_(Tensor(a!) self) -> Tensor(a!)` */
  rsqrt_(): this

  /**
   * - `aten::scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor`
   * - `aten::scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor`
   * - `aten::scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor`
   * - `aten::scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor`
   */
  scatter(dim: number, index: Tensor, value: Scalar | Tensor): Tensor
  scatter(dim: number, index: Tensor, value: Scalar | Tensor, options: { reduce: string }): Tensor

  /**
   * - `aten::scatter_.value(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)`
   * - `aten::scatter_.value_reduce(Tensor(a!) self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor(a!)`
   * - `aten::scatter_.src(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)`
   * - `aten::scatter_.reduce(Tensor(a!) self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor(a!)`
   */
  scatter_(dim: number, index: Tensor, value: Scalar | Tensor): this
  scatter_(dim: number, index: Tensor, value: Scalar | Tensor, options: { reduce: string }): this

  /** `aten::scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor` */
  scatterAdd(dim: number, index: Tensor, src: Tensor): Tensor

  /** `aten::scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)` */
  scatterAdd_(dim: number, index: Tensor, src: Tensor): this

  /** `aten::scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor` */
  scatterReduce(dim: number, index: Tensor, src: Tensor, reduce: string, options?: { includeSelf?: boolean | undefined }): Tensor

  /** `aten::scatter_reduce_.two(Tensor(a!) self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor(a!)` */
  scatterReduce_(dim: number, index: Tensor, src: Tensor, reduce: string, options?: { includeSelf?: boolean | undefined }): this

  /** `aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)` */
  select(dim: number, index: number): Tensor

  /** `aten::select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor` */
  selectScatter(src: Tensor, dim: number, index: number): Tensor

  /** `aten::sgn(Tensor self) -> Tensor` */
  sgn(): Tensor

  /** `aten::sgn_(Tensor(a!) self) -> Tensor(a!)` */
  sgn_(): this

  /** `aten::sigmoid(Tensor self) -> Tensor` */
  sigmoid(): Tensor

  /** `aten::sigmoid_(Tensor(a!) self) -> Tensor(a!)` */
  sigmoid_(): this

  /** `aten::sign(Tensor self) -> Tensor` */
  sign(): Tensor

  /** `aten::sign_(Tensor(a!) self) -> Tensor(a!)` */
  sign_(): this

  /** `aten::signbit(Tensor self) -> Tensor` */
  signbit(): Tensor

  /** `aten::sin(Tensor self) -> Tensor` */
  sin(): Tensor

  /** `aten::sin_(Tensor(a!) self) -> Tensor(a!)` */
  sin_(): this

  /** `aten::sinc(Tensor self) -> Tensor` */
  sinc(): Tensor

  /** `aten::sinc_(Tensor(a!) self) -> Tensor(a!)` */
  sinc_(): this

  /** `aten::sinh(Tensor self) -> Tensor` */
  sinh(): Tensor

  /** `aten::sinh_(Tensor(a!) self) -> Tensor(a!)` */
  sinh_(): this

  /** `aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)` */
  slice(dim?: number, start?: number | null, end?: number | null, step?: number): Tensor
  slice(options: { dim?: number | undefined; start?: number | null | undefined; end?: number | null | undefined; step?: number | undefined }): Tensor

  /** `aten::slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor` */
  sliceScatter(src: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor
  sliceScatter(src: Tensor, options: { dim?: number | undefined; start?: number | null | undefined; end?: number | null | undefined; step?: number | undefined }): Tensor

  /** `aten::slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)` */
  slogdet(): [Tensor, Tensor]

  /** `aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor` */
  softmax(dim: number, dtype?: DType | null): Tensor
  softmax(dim: number, options: { dtype?: DType | null | undefined }): Tensor

  /**
   * - `aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)`
   * - `aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)`
   */
  sort(options: { stable: boolean | null; dim?: number | undefined; descending?: boolean | undefined }): [Tensor, Tensor]
  sort(dim?: number, options?: { descending?: boolean | undefined }): [Tensor, Tensor]
  sort(options: { dim?: number | undefined; descending?: boolean | undefined }): [Tensor, Tensor]

  /**
   * - `aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]`
   * - `aten::split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]`
   */
  split(splitSize: number | readonly number[], dim?: number): Tensor[]
  split(splitSize: number | readonly number[], options: { dim?: number | undefined }): Tensor[]

  /** `aten::split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]` */
  splitWithSizes(splitSizes: readonly number[], dim?: number): Tensor[]
  splitWithSizes(splitSizes: readonly number[], options: { dim?: number | undefined }): Tensor[]

  /** `aten::sqrt(Tensor self) -> Tensor` */
  sqrt(): Tensor

  /** `aten::sqrt_(Tensor(a!) self) -> Tensor(a!)` */
  sqrt_(): this

  /** `aten::square(Tensor self) -> Tensor` */
  square(): Tensor

  /** `aten::square_(Tensor(a!) self) -> Tensor(a!)` */
  square_(): this

  /**
   * - `aten::squeeze(Tensor(a) self) -> Tensor(a)`
   * - `aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)`
   * - `aten::squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)`
   */
  squeeze(): Tensor
  squeeze(dim: number | readonly number[]): Tensor

  /**
   * - `aten::squeeze_(Tensor(a!) self) -> Tensor(a!)`
   * - `aten::squeeze_.dim(Tensor(a!) self, int dim) -> Tensor(a!)`
   * - `aten::squeeze_.dims(Tensor(a!) self, int[] dim) -> Tensor(a!)`
   */
  squeeze_(): this
  squeeze_(dim: number | readonly number[]): this

  /**
   * - `aten::std(Tensor self, bool unbiased=True) -> Tensor`
   * - `aten::std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor`
   * - `aten::std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor`
   */
  std(options?: { unbiased?: boolean | undefined }): Tensor
  std(dim?: number | readonly number[] | null, options?: { correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): Tensor
  std(options: { dim?: number | readonly number[] | null | undefined; correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): Tensor
  std(dim: number | readonly number[] | null, options?: { unbiased?: boolean | undefined; keepdim?: boolean | undefined }): Tensor

  /** `aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor` */
  sub(other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): Tensor

  /** `aten::sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)` */
  sub_(other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): this

  /**
   * - `aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
   * - `aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor`
   */
  sum(dim: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  sum(options?: { dtype?: DType | null | undefined }): Tensor

  /** `aten::svd(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)` */
  svd(options?: { some?: boolean | undefined; computeUv?: boolean | undefined }): [Tensor, Tensor, Tensor]

  /** `aten::t(Tensor(a) self) -> Tensor(a)` */
  t(): Tensor

  /** `aten::t_(Tensor(a!) self) -> Tensor(a!)` */
  t_(): this

  /** `aten::take(Tensor self, Tensor index) -> Tensor` */
  take(index: Tensor): Tensor

  /** `aten::take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor` */
  takeAlongDim(indices: Tensor, dim?: number | null): Tensor
  takeAlongDim(indices: Tensor, options: { dim?: number | null | undefined }): Tensor

  /** `aten::tan(Tensor self) -> Tensor` */
  tan(): Tensor

  /** `aten::tan_(Tensor(a!) self) -> Tensor(a!)` */
  tan_(): this

  /** `aten::tanh(Tensor self) -> Tensor` */
  tanh(): Tensor

  /** `aten::tanh_(Tensor(a!) self) -> Tensor(a!)` */
  tanh_(): this

  /**
   * - `aten::tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> Tensor(a)[]`
   * - `aten::tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> Tensor(a)[]`
   * - `aten::tensor_split.tensor_indices_or_sections(Tensor(a -> *) self, Tensor tensor_indices_or_sections, int dim=0) -> Tensor(a)[]`
   */
  tensorSplit(indices: readonly number[] | number | Tensor, dim?: number): Tensor[]
  tensorSplit(indices: readonly number[] | number | Tensor, options: { dim?: number | undefined }): Tensor[]

  /** `aten::tile(Tensor self, SymInt[] dims) -> Tensor` */
  tile(dims: readonly number[]): Tensor

  /** `aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)` */
  topk(k: number, dim?: number, options?: { largest?: boolean | undefined; sorted?: boolean | undefined }): [Tensor, Tensor]
  topk(k: number, options: { dim?: number | undefined; largest?: boolean | undefined; sorted?: boolean | undefined }): [Tensor, Tensor]

  /** `aten::trace(Tensor self) -> Tensor` */
  trace(): Tensor

  /** `aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)` */
  transpose(dim0: number, dim1: number): Tensor

  /** `aten::transpose_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)` */
  transpose_(dim0: number, dim1: number): this

  /** `aten::triangular_solve(Tensor self, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False) -> (Tensor solution, Tensor cloned_coefficient)` */
  triangularSolve(A: Tensor, options?: { upper?: boolean | undefined; transpose?: boolean | undefined; unitriangular?: boolean | undefined }): [Tensor, Tensor]

  /** `aten::tril(Tensor self, SymInt diagonal=0) -> Tensor` */
  tril(diagonal?: number): Tensor
  tril(options: { diagonal?: number | undefined }): Tensor

  /** `aten::tril_(Tensor(a!) self, SymInt diagonal=0) -> Tensor(a!)` */
  tril_(diagonal?: number): this
  tril_(options: { diagonal?: number | undefined }): this

  /** `aten::triu(Tensor self, SymInt diagonal=0) -> Tensor` */
  triu(diagonal?: number): Tensor
  triu(options: { diagonal?: number | undefined }): Tensor

  /** `aten::triu_(Tensor(a!) self, SymInt diagonal=0) -> Tensor(a!)` */
  triu_(diagonal?: number): this
  triu_(options: { diagonal?: number | undefined }): this

  /** `aten::trunc(Tensor self) -> Tensor` */
  trunc(): Tensor

  /** `aten::trunc_(Tensor(a!) self) -> Tensor(a!)` */
  trunc_(): this

  /** `aten::type_as(Tensor self, Tensor other) -> Tensor` */
  typeAs(other: Tensor): Tensor

  /** `aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]` */
  unbind(dim?: number): Tensor[]
  unbind(options: { dim?: number | undefined }): Tensor[]

  /** `aten::unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)` */
  unflatten(dim: number, sizes: readonly number[]): Tensor

  /** `aten::unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)` */
  unfold(dimension: number, size: number, step: number): Tensor

  /** `aten::uniform_(Tensor(a!) self, float from=0., float to=1., *, Generator? generator=None) -> Tensor(a!)` */
  uniform_(from?: number, to?: number): this
  uniform_(options: { from?: number | undefined; to?: number | undefined }): this

  /** `aten::unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> (Tensor, Tensor, Tensor)` */
  uniqueConsecutive(options?: { returnInverse?: boolean | undefined; returnCounts?: boolean | undefined; dim?: number | null | undefined }): [Tensor, Tensor, Tensor]

  /** `aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)` */
  unsqueeze(dim: number): Tensor

  /** `aten::unsqueeze_(Tensor(a!) self, int dim) -> Tensor(a!)` */
  unsqueeze_(dim: number): this

  /**
   * - `aten::var(Tensor self, bool unbiased=True) -> Tensor`
   * - `aten::var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor`
   * - `aten::var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor`
   */
  var(options?: { unbiased?: boolean | undefined }): Tensor
  var(dim?: number | readonly number[] | null, options?: { correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): Tensor
  var(options: { dim?: number | readonly number[] | null | undefined; correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): Tensor
  var(dim: number | readonly number[] | null, options?: { unbiased?: boolean | undefined; keepdim?: boolean | undefined }): Tensor

  /** `aten::vdot(Tensor self, Tensor other) -> Tensor` */
  vdot(other: Tensor): Tensor

  /**
   * - `aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)`
   * - `aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)`
   */
  view(size: readonly number[] | DType): Tensor

  /** `aten::view_as(Tensor(a) self, Tensor other) -> Tensor(a)` */
  viewAs(other: Tensor): Tensor

  /**
   * - `aten::vsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]`
   * - `aten::vsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]`
   */
  vsplit(indices: readonly number[] | number): Tensor[]

  /**
   * - `aten::xlogy.Scalar_Other(Tensor self, Scalar other) -> Tensor`
   * - `aten::xlogy.Tensor(Tensor self, Tensor other) -> Tensor`
   */
  xlogy(other: Scalar | Tensor): Tensor

  /**
   * - `aten::xlogy_.Scalar_Other(Tensor(a!) self, Scalar other) -> Tensor(a!)`
   * - `aten::xlogy_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
   */
  xlogy_(other: Scalar | Tensor): this

  /** `aten::zero_(Tensor(a!) self) -> Tensor(a!)` */
  zero_(): this
}

/** Their operators and overloads, in the order in which arguments are tried. */
export const methods: Record<keyof TensorMethods, readonly [operator: string, overloads: readonly string[]]> = {
  abs: ['aten::abs', ['']],
  abs_: ['aten::abs_', ['']],
  acos: ['aten::acos', ['']],
  acos_: ['aten::acos_', ['']],
  acosh: ['aten::acosh', ['']],
  acosh_: ['aten::acosh_', ['']],
  add: ['aten::add', ['Tensor']],
  add_: ['aten::add_', ['Tensor']],
  addbmm: ['aten::addbmm', ['']],
  addbmm_: ['aten::addbmm_', ['']],
  addcdiv: ['aten::addcdiv', ['']],
  addcdiv_: ['aten::addcdiv_', ['']],
  addcmul: ['aten::addcmul', ['']],
  addcmul_: ['aten::addcmul_', ['']],
  addmm: ['aten::addmm', ['', 'dtype']],
  addmm_: ['aten::addmm_', ['']],
  addmv: ['aten::addmv', ['']],
  addmv_: ['aten::addmv_', ['']],
  addr: ['aten::addr', ['']],
  addr_: ['aten::addr_', ['']],
  all: ['aten::all', ['', 'dim', 'dims']],
  allclose: ['aten::allclose', ['']],
  amax: ['aten::amax', ['']],
  amin: ['aten::amin', ['']],
  aminmax: ['aten::aminmax', ['']],
  any: ['aten::any', ['', 'dim', 'dims']],
  argmax: ['aten::argmax', ['']],
  argmin: ['aten::argmin', ['']],
  argsort: ['aten::argsort', ['stable', '']],
  argwhere: ['aten::argwhere', ['']],
  asStrided: ['aten::as_strided', ['']],
  asin: ['aten::asin', ['']],
  asin_: ['aten::asin_', ['']],
  asinh: ['aten::asinh', ['']],
  asinh_: ['aten::asinh_', ['']],
  atan: ['aten::atan', ['']],
  atan2: ['aten::atan2', ['']],
  atan2_: ['aten::atan2_', ['']],
  atan_: ['aten::atan_', ['']],
  atanh: ['aten::atanh', ['']],
  atanh_: ['aten::atanh_', ['']],
  baddbmm: ['aten::baddbmm', ['', 'dtype']],
  baddbmm_: ['aten::baddbmm_', ['']],
  bernoulli: ['aten::bernoulli', ['', 'p', 'Tensor']],
  bernoulli_: ['aten::bernoulli_', ['float', 'Tensor']],
  bincount: ['aten::bincount', ['']],
  bitwiseAnd: ['aten::bitwise_and', ['Scalar', 'Tensor']],
  bitwiseAnd_: ['aten::bitwise_and_', ['Scalar', 'Tensor']],
  bitwiseLeftShift: ['aten::bitwise_left_shift', ['Tensor_Scalar', 'Tensor']],
  bitwiseLeftShift_: ['aten::bitwise_left_shift_', ['Tensor_Scalar', 'Tensor']],
  bitwiseNot: ['aten::bitwise_not', ['']],
  bitwiseNot_: ['aten::bitwise_not_', ['']],
  bitwiseOr: ['aten::bitwise_or', ['Scalar', 'Tensor']],
  bitwiseOr_: ['aten::bitwise_or_', ['Scalar', 'Tensor']],
  bitwiseRightShift: ['aten::bitwise_right_shift', ['Tensor_Scalar', 'Tensor']],
  bitwiseRightShift_: ['aten::bitwise_right_shift_', ['Tensor_Scalar', 'Tensor']],
  bitwiseXor: ['aten::bitwise_xor', ['Scalar', 'Tensor']],
  bitwiseXor_: ['aten::bitwise_xor_', ['Scalar', 'Tensor']],
  bmm: ['aten::bmm', ['', 'dtype']],
  broadcastTo: ['aten::broadcast_to', ['']],
  cauchy_: ['aten::cauchy_', ['']],
  ceil: ['aten::ceil', ['']],
  ceil_: ['aten::ceil_', ['']],
  choleskyInverse: ['aten::cholesky_inverse', ['']],
  choleskySolve: ['aten::cholesky_solve', ['']],
  chunk: ['aten::chunk', ['']],
  clamp: ['aten::clamp', ['', 'Tensor']],
  clamp_: ['aten::clamp_', ['', 'Tensor']],
  clampMax: ['aten::clamp_max', ['', 'Tensor']],
  clampMax_: ['aten::clamp_max_', ['', 'Tensor']],
  clampMin: ['aten::clamp_min', ['', 'Tensor']],
  clampMin_: ['aten::clamp_min_', ['', 'Tensor']],
  clone: ['aten::clone', ['']],
  contiguous: ['aten::contiguous', ['']],
  copy_: ['aten::copy_', ['']],
  copysign: ['aten::copysign', ['Scalar', 'Tensor']],
  copysign_: ['aten::copysign_', ['Scalar', 'Tensor']],
  corrcoef: ['aten::corrcoef', ['']],
  cos: ['aten::cos', ['']],
  cos_: ['aten::cos_', ['']],
  cosh: ['aten::cosh', ['']],
  cosh_: ['aten::cosh_', ['']],
  countNonzero: ['aten::count_nonzero', ['', 'dim_IntList']],
  cov: ['aten::cov', ['']],
  cross: ['aten::cross', ['']],
  cummax: ['aten::cummax', ['']],
  cummin: ['aten::cummin', ['']],
  cumprod: ['aten::cumprod', ['']],
  cumprod_: ['aten::cumprod_', ['']],
  cumsum: ['aten::cumsum', ['']],
  cumsum_: ['aten::cumsum_', ['']],
  deg2rad: ['aten::deg2rad', ['']],
  deg2rad_: ['aten::deg2rad_', ['']],
  det: ['aten::det', ['']],
  detach: ['aten::detach', ['']],
  diag: ['aten::diag', ['']],
  diagEmbed: ['aten::diag_embed', ['']],
  diagflat: ['aten::diagflat', ['']],
  diagonal: ['aten::diagonal', ['']],
  diagonalScatter: ['aten::diagonal_scatter', ['']],
  diff: ['aten::diff', ['']],
  digamma: ['aten::digamma', ['']],
  digamma_: ['aten::digamma_', ['']],
  dist: ['aten::dist', ['']],
  div: ['aten::div', ['Scalar_mode', 'Tensor', 'Tensor_mode']],
  div_: ['aten::div_', ['Scalar_mode', 'Tensor', 'Tensor_mode']],
  dot: ['aten::dot', ['']],
  dsplit: ['aten::dsplit', ['array', 'int']],
  eq: ['aten::eq', ['Scalar', 'Tensor']],
  eq_: ['aten::eq_', ['Scalar', 'Tensor']],
  equal: ['aten::equal', ['']],
  erf: ['aten::erf', ['']],
  erf_: ['aten::erf_', ['']],
  erfc: ['aten::erfc', ['']],
  erfc_: ['aten::erfc_', ['']],
  erfinv: ['aten::erfinv', ['']],
  erfinv_: ['aten::erfinv_', ['']],
  exp: ['aten::exp', ['']],
  exp2: ['aten::exp2', ['']],
  exp2_: ['aten::exp2_', ['']],
  exp_: ['aten::exp_', ['']],
  expand: ['aten::expand', ['']],
  expandAs: ['aten::expand_as', ['']],
  expm1: ['aten::expm1', ['']],
  expm1_: ['aten::expm1_', ['']],
  exponential_: ['aten::exponential_', ['']],
  fill_: ['aten::fill_', ['Scalar', 'Tensor']],
  fillDiagonal_: ['aten::fill_diagonal_', ['']],
  flatten: ['aten::flatten', ['using_ints']],
  flip: ['aten::flip', ['']],
  fliplr: ['aten::fliplr', ['']],
  flipud: ['aten::flipud', ['']],
  floatPower: ['aten::float_power', ['Tensor_Scalar', 'Tensor_Tensor']],
  floatPower_: ['aten::float_power_', ['Scalar', 'Tensor']],
  floor: ['aten::floor', ['']],
  floor_: ['aten::floor_', ['']],
  floorDivide: ['aten::floor_divide', ['Scalar', '']],
  floorDivide_: ['aten::floor_divide_', ['Scalar', 'Tensor']],
  fmax: ['aten::fmax', ['']],
  fmin: ['aten::fmin', ['']],
  fmod: ['aten::fmod', ['Scalar', 'Tensor']],
  fmod_: ['aten::fmod_', ['Scalar', 'Tensor']],
  frac: ['aten::frac', ['']],
  frac_: ['aten::frac_', ['']],
  frexp: ['aten::frexp', ['Tensor']],
  gather: ['aten::gather', ['']],
  gcd: ['aten::gcd', ['']],
  gcd_: ['aten::gcd_', ['']],
  ge: ['aten::ge', ['Scalar', 'Tensor']],
  ge_: ['aten::ge_', ['Scalar', 'Tensor']],
  geometric_: ['aten::geometric_', ['']],
  gt: ['aten::gt', ['Scalar', 'Tensor']],
  gt_: ['aten::gt_', ['Scalar', 'Tensor']],
  hardshrink: ['aten::hardshrink', ['']],
  heaviside: ['aten::heaviside', ['']],
  heaviside_: ['aten::heaviside_', ['']],
  histc: ['aten::histc', ['']],
  histogram: ['aten::histogram', ['bin_ct', 'bins_tensor']],
  hsplit: ['aten::hsplit', ['array', 'int']],
  hypot: ['aten::hypot', ['']],
  hypot_: ['aten::hypot_', ['']],
  i0: ['aten::i0', ['']],
  i0_: ['aten::i0_', ['']],
  igamma: ['aten::igamma', ['']],
  igamma_: ['aten::igamma_', ['']],
  igammac: ['aten::igammac', ['']],
  igammac_: ['aten::igammac_', ['']],
  index: ['aten::index', ['Tensor']],
  indexAdd: ['aten::index_add', ['']],
  indexAdd_: ['aten::index_add_', ['']],
  indexCopy: ['aten::index_copy', ['']],
  indexCopy_: ['aten::index_copy_', ['']],
  indexFill: ['aten::index_fill', ['int_Scalar', 'int_Tensor']],
  indexFill_: ['aten::index_fill_', ['int_Scalar', 'int_Tensor']],
  indexPut: ['aten::index_put', ['']],
  indexPut_: ['aten::index_put_', ['']],
  indexReduce: ['aten::index_reduce', ['']],
  indexReduce_: ['aten::index_reduce_', ['']],
  indexSelect: ['aten::index_select', ['']],
  inner: ['aten::inner', ['']],
  isclose: ['aten::isclose', ['']],
  isfinite: ['aten::isfinite', ['']],
  isinf: ['aten::isinf', ['']],
  isnan: ['aten::isnan', ['']],
  isneginf: ['aten::isneginf', ['']],
  isposinf: ['aten::isposinf', ['']],
  isreal: ['aten::isreal', ['']],
  kron: ['aten::kron', ['']],
  kthvalue: ['aten::kthvalue', ['']],
  lcm: ['aten::lcm', ['']],
  lcm_: ['aten::lcm_', ['']],
  ldexp: ['aten::ldexp', ['Tensor']],
  ldexp_: ['aten::ldexp_', ['']],
  le: ['aten::le', ['Scalar', 'Tensor']],
  le_: ['aten::le_', ['Scalar', 'Tensor']],
  lerp: ['aten::lerp', ['Scalar', 'Tensor']],
  lerp_: ['aten::lerp_', ['Scalar', 'Tensor']],
  lgamma: ['aten::lgamma', ['']],
  lgamma_: ['aten::lgamma_', ['']],
  log: ['aten::log', ['']],
  log10: ['aten::log10', ['']],
  log10_: ['aten::log10_', ['']],
  log1p: ['aten::log1p', ['']],
  log1p_: ['aten::log1p_', ['']],
  log2: ['aten::log2', ['']],
  log2_: ['aten::log2_', ['']],
  log_: ['aten::log_', ['']],
  logNormal_: ['aten::log_normal_', ['']],
  logSoftmax: ['aten::log_softmax', ['int']],
  logaddexp: ['aten::logaddexp', ['']],
  logaddexp2: ['aten::logaddexp2', ['']],
  logcumsumexp: ['aten::logcumsumexp', ['']],
  logdet: ['aten::logdet', ['']],
  logicalAnd: ['aten::logical_and', ['']],
  logicalAnd_: ['aten::logical_and_', ['']],
  logicalNot: ['aten::logical_not', ['']],
  logicalNot_: ['aten::logical_not_', ['']],
  logicalOr: ['aten::logical_or', ['']],
  logicalOr_: ['aten::logical_or_', ['']],
  logicalXor: ['aten::logical_xor', ['']],
  logicalXor_: ['aten::logical_xor_', ['']],
  logit: ['aten::logit', ['']],
  logit_: ['aten::logit_', ['']],
  logsumexp: ['aten::logsumexp', ['']],
  lt: ['aten::lt', ['Scalar', 'Tensor']],
  lt_: ['aten::lt_', ['Scalar', 'Tensor']],
  luSolve: ['aten::lu_solve', ['']],
  maskedFill: ['aten::masked_fill', ['Scalar', 'Tensor']],
  maskedFill_: ['aten::masked_fill_', ['Scalar', 'Tensor']],
  maskedScatter: ['aten::masked_scatter', ['']],
  maskedScatter_: ['aten::masked_scatter_', ['']],
  maskedSelect: ['aten::masked_select', ['']],
  matmul: ['aten::matmul', ['']],
  matrixExp: ['aten::matrix_exp', ['']],
  matrixPower: ['aten::matrix_power', ['']],
  max: ['aten::max', ['', 'dim', 'other']],
  maximum: ['aten::maximum', ['']],
  mean: ['aten::mean', ['dim', '']],
  median: ['aten::median', ['', 'dim']],
  min: ['aten::min', ['', 'dim', 'other']],
  minimum: ['aten::minimum', ['']],
  mm: ['aten::mm', ['', 'dtype']],
  mode: ['aten::mode', ['']],
  movedim: ['aten::movedim', ['int', 'intlist']],
  msort: ['aten::msort', ['']],
  mul: ['aten::mul', ['Tensor']],
  mul_: ['aten::mul_', ['Tensor']],
  multinomial: ['aten::multinomial', ['']],
  mv: ['aten::mv', ['']],
  mvlgamma: ['aten::mvlgamma', ['']],
  mvlgamma_: ['aten::mvlgamma_', ['']],
  nanToNum: ['aten::nan_to_num', ['']],
  nanToNum_: ['aten::nan_to_num_', ['']],
  nanmean: ['aten::nanmean', ['']],
  nanmedian: ['aten::nanmedian', ['', 'dim']],
  nanquantile: ['aten::nanquantile', ['scalar', '']],
  nansum: ['aten::nansum', ['']],
  narrow: ['aten::narrow', ['', 'Tensor']],
  ne: ['aten::ne', ['Scalar', 'Tensor']],
  ne_: ['aten::ne_', ['Scalar', 'Tensor']],
  neg: ['aten::neg', ['']],
  neg_: ['aten::neg_', ['']],
  newEmpty: ['aten::new_empty', ['']],
  newEmptyStrided: ['aten::new_empty_strided', ['']],
  newFull: ['aten::new_full', ['']],
  newOnes: ['aten::new_ones', ['']],
  newZeros: ['aten::new_zeros', ['']],
  nextafter: ['aten::nextafter', ['']],
  nextafter_: ['aten::nextafter_', ['']],
  nonzero: ['aten::nonzero', ['']],
  nonzeroStatic: ['aten::nonzero_static', ['']],
  norm: ['aten::norm', ['Scalar', 'ScalarOpt_dim', 'ScalarOpt_dim_dtype', 'ScalarOpt_dtype']],
  normal_: ['aten::normal_', ['']],
  ormqr: ['aten::ormqr', ['']],
  outer: ['aten::outer', ['']],
  permute: ['aten::permute', ['']],
  pinverse: ['aten::pinverse', ['']],
  positive: ['aten::positive', ['']],
  pow: ['aten::pow', ['Tensor_Scalar', 'Tensor_Tensor']],
  pow_: ['aten::pow_', ['Scalar', 'Tensor']],
  prelu: ['aten::prelu', ['']],
  prod: ['aten::prod', ['dim_int', '']],
  put: ['aten::put', ['']],
  put_: ['aten::put_', ['']],
  quantile: ['aten::quantile', ['scalar', '']],
  rad2deg: ['aten::rad2deg', ['']],
  rad2deg_: ['aten::rad2deg_', ['']],
  random_: ['aten::random_', ['', 'to', 'from']],
  ravel: ['aten::ravel', ['']],
  reciprocal: ['aten::reciprocal', ['']],
  reciprocal_: ['aten::reciprocal_', ['']],
  relu: ['aten::relu', ['']],
  relu_: ['aten::relu_', ['']],
  remainder: ['aten::remainder', ['Scalar', 'Tensor']],
  remainder_: ['aten::remainder_', ['Scalar', 'Tensor']],
  renorm: ['aten::renorm', ['']],
  renorm_: ['aten::renorm_', ['']],
  repeat: ['aten::repeat', ['']],
  repeatInterleave: ['aten::repeat_interleave', ['self_int', 'self_Tensor']],
  reshape: ['aten::reshape', ['']],
  reshapeAs: ['aten::reshape_as', ['']],
  roll: ['aten::roll', ['']],
  rot90: ['aten::rot90', ['']],
  round: ['aten::round', ['', 'decimals']],
  round_: ['aten::round_', ['', 'decimals']],
  rsqrt: ['aten::rsqrt', ['']],
  rsqrt_: ['aten::rsqrt_', ['']],
  scatter: ['aten::scatter', ['value', 'value_reduce', 'src', 'reduce']],
  scatter_: ['aten::scatter_', ['value', 'value_reduce', 'src', 'reduce']],
  scatterAdd: ['aten::scatter_add', ['']],
  scatterAdd_: ['aten::scatter_add_', ['']],
  scatterReduce: ['aten::scatter_reduce', ['two']],
  scatterReduce_: ['aten::scatter_reduce_', ['two']],
  select: ['aten::select', ['int']],
  selectScatter: ['aten::select_scatter', ['']],
  sgn: ['aten::sgn', ['']],
  sgn_: ['aten::sgn_', ['']],
  sigmoid: ['aten::sigmoid', ['']],
  sigmoid_: ['aten::sigmoid_', ['']],
  sign: ['aten::sign', ['']],
  sign_: ['aten::sign_', ['']],
  signbit: ['aten::signbit', ['']],
  sin: ['aten::sin', ['']],
  sin_: ['aten::sin_', ['']],
  sinc: ['aten::sinc', ['']],
  sinc_: ['aten::sinc_', ['']],
  sinh: ['aten::sinh', ['']],
  sinh_: ['aten::sinh_', ['']],
  slice: ['aten::slice', ['Tensor']],
  sliceScatter: ['aten::slice_scatter', ['']],
  slogdet: ['aten::slogdet', ['']],
  softmax: ['aten::softmax', ['int']],
  sort: ['aten::sort', ['stable', '']],
  split: ['aten::split', ['Tensor', 'sizes']],
  splitWithSizes: ['aten::split_with_sizes', ['']],
  sqrt: ['aten::sqrt', ['']],
  sqrt_: ['aten::sqrt_', ['']],
  square: ['aten::square', ['']],
  square_: ['aten::square_', ['']],
  squeeze: ['aten::squeeze', ['', 'dim', 'dims']],
  squeeze_: ['aten::squeeze_', ['', 'dim', 'dims']],
  std: ['aten::std', ['', 'correction', 'dim']],
  sub: ['aten::sub', ['Tensor']],
  sub_: ['aten::sub_', ['Tensor']],
  sum: ['aten::sum', ['dim_IntList', '']],
  svd: ['aten::svd', ['']],
  t: ['aten::t', ['']],
  t_: ['aten::t_', ['']],
  take: ['aten::take', ['']],
  takeAlongDim: ['aten::take_along_dim', ['']],
  tan: ['aten::tan', ['']],
  tan_: ['aten::tan_', ['']],
  tanh: ['aten::tanh', ['']],
  tanh_: ['aten::tanh_', ['']],
  tensorSplit: ['aten::tensor_split', ['indices', 'sections', 'tensor_indices_or_sections']],
  tile: ['aten::tile', ['']],
  topk: ['aten::topk', ['']],
  trace: ['aten::trace', ['']],
  transpose: ['aten::transpose', ['int']],
  transpose_: ['aten::transpose_', ['']],
  triangularSolve: ['aten::triangular_solve', ['']],
  tril: ['aten::tril', ['']],
  tril_: ['aten::tril_', ['']],
  triu: ['aten::triu', ['']],
  triu_: ['aten::triu_', ['']],
  trunc: ['aten::trunc', ['']],
  trunc_: ['aten::trunc_', ['']],
  typeAs: ['aten::type_as', ['']],
  unbind: ['aten::unbind', ['int']],
  unflatten: ['aten::unflatten', ['int']],
  unfold: ['aten::unfold', ['']],
  uniform_: ['aten::uniform_', ['']],
  uniqueConsecutive: ['aten::unique_consecutive', ['']],
  unsqueeze: ['aten::unsqueeze', ['']],
  unsqueeze_: ['aten::unsqueeze_', ['']],
  var: ['aten::var', ['', 'correction', 'dim']],
  vdot: ['aten::vdot', ['']],
  view: ['aten::view', ['', 'dtype']],
  viewAs: ['aten::view_as', ['']],
  vsplit: ['aten::vsplit', ['array', 'int']],
  xlogy: ['aten::xlogy', ['Scalar_Other', 'Tensor']],
  xlogy_: ['aten::xlogy_', ['Scalar_Other', 'Tensor']],
  zero_: ['aten::zero_', ['']],
}
