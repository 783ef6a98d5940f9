// An application with sessions, as a process of its own: `DIST` has postern, `STORE` says where sessions are kept, and
// `BIND` where it listens; with `CHILDREN` it is served by so many. Where a web server's CGI variables are, it answers one request.

const { DIST, STORE, BIND, CHILDREN, GATEWAY_INTERFACE } = process.env;
const load = (module) => import(`${DIST}/${module}`);

const { application } = await load("index.js");
const { sessions } = await load("framework/sessions.js");

const stores = {
  async memory() {
    const { memoryStore } = await load("framework/sessions/stores/memory.js");
    return memoryStore();
  },
  async cookie(secrets) {
    const { cookieStore } = await load("framework/sessions/stores/cookie.js");
    return cookieStore({ secrets: secrets.split("|") });
  },
  async disk(folder) {
    const { diskStore } = await load("framework/sessions/stores/disk.js");
    return diskStore(folder);
  },
  async redis(path) {
    const { createClient } = await import("redis");
    const { redisStore } = await load("framework/sessions/stores/redis.js");
    const client = createClient({ socket: { path } });
    const store = redisStore(client);
    await client.connect();
    return store;
  },
  async postgres(connection) {
    const { default: pg } = await import("pg");
    const { postgresStore } = await load("framework/sessions/stores/postgres.js");
    return postgresStore(new pg.Pool({ ...JSON.parse(connection), max: 8 }));
  },
};

const [, kind, where] = /^(\w+)=(.*)$/s.exec(STORE);

const app = application([
  ["/pid", () => String(process.pid)],
  ["/see", async (web) => ({ ...(await session(web)) })],
  ["/add", async (web) => ({ count: await (await session(web)).update("count", (count) => count + 1) })],
  [
    "/set/(.*)/(.*)",
    async (web, key, value) => {
      (await session(web))[key] = value;
      return "ok";
    },
  ],
]);
const session = sessions(app, await stores[kind](where), { initializer: { count: 0 } });

const face = GATEWAY_INTERFACE ? "cgi" : CHILDREN ? "http-fork" : "http";
const { WSGIServer } = await load(`faces/${face}.js`);
const place = GATEWAY_INTERFACE ? {} : { bindAddress: Number(BIND) };
const children = CHILDREN ? { maxChildren: Number(CHILDREN) } : {};
await new WSGIServer(app, { ...place, ...children }).run();
