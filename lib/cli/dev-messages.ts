// What the development server and its worker, the process of the application, say to each other.

/** A connection comes with the message itself. */
export type ToWorker = { readonly type: "connection" } | { readonly type: "stop" };

export type FromWorker = { readonly type: "ready" };
