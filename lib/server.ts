// `postern/server`: any protocol by name, or the one that the process was started for.

export { run } from "./run.ts";
export {
  type Address,
  type BindAddress,
  type Ending,
  type ServeOptions,
  type Server,
  serve,
} from "./serve.ts";
