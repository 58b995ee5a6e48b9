export { type FileRequest, MODEL_REQUEST, TOKENIZER_REQUEST } from './request.ts'
export {
  type HubOptions,
  type HubProgress,
  hubRules,
  type ResolveModelOptions,
  resolveModel,
} from './resolve.ts'
