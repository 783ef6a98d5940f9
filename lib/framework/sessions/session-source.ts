import { mayBePoolThread } from "../../gateway/pool-thread.ts";
import { HttpResponse } from "../http-response.ts";
import type { Web } from "../web.ts";
import { CleanUp } from "./clean-up.ts";
import { OpenSession, type SessionHouse } from "./open-session.ts";
import type { SessionSettings } from "./options.ts";
import { Outage } from "./outage.ts";
import { isSessionId } from "./session-id.ts";
import type { CookieStore, SessionKeep, SessionStore } from "./store.ts";
import { Turns } from "./turns.ts";

/** Opens the session of each request that asks for it, and stores it when the request is answered. */
export class SessionSource {
  readonly #store: SessionStore | CookieStore;
  readonly #house: SessionHouse;
  readonly #cleanUp: CleanUp | undefined;
  /** By what belongs to one request alone, whichever application it has reached. */
  readonly #opened = new WeakMap<object, Promise<OpenSession>>();
  #isWarned = false;

  constructor(store: SessionStore | CookieStore, settings: SessionSettings) {
    this.#store = store;
    this.#house = { settings, outage: new Outage(settings.storeTimeoutMs), updates: new Turns() };
    this.#cleanUp = "open" in store ? undefined : new CleanUp(store, settings.timeoutMs);
  }

  of(web: Web): Promise<OpenSession> {
    const known = this.#opened.get(web.state);
    if (known !== undefined) return known;
    const opening = this.#open(web);
    // The handler hears of a failure, if it waits at all; nobody else needs to.
    const opened = opening.catch(() => undefined);
    this.#opened.set(web.state, opening);
    const saveLate = async (): Promise<void> => {
      if (web.headSent) await (await opened)?.save();
    };
    if (web.headSent) web.atEnd(saveLate);
    else {
      web.beforeHead(async () => {
        keepPrivate(web);
        const session = await opened;
        // What a handler did that failed is not half done, either.
        if (session === undefined || web.status >= 500) return;
        await session.save();
        web.atEnd(saveLate);
      });
    }
    return opening;
  }

  async #open(web: Web): Promise<OpenSession> {
    this.#warn(web);
    this.#cleanUp?.sessionUsed(web);
    const { settings, outage } = this.#house;
    const cookie = (await web.cookies())[settings.cookieName];
    const keep = this.#keepFor(cookie);
    const { id, store } = keep;
    const stored = id === undefined ? undefined : await outage.ask(web, "read", () => store.read(id));
    const session = new OpenSession(web, this.#house, keep, stored);
    if ((session.isExpired && !settings.ignoreExpiry) || (!settings.ignoreChangeIp && session.isElsewhere)) {
      session.forgetCookie();
      throw await expired(web, settings);
    }
    return session;
  }

  #keepFor(cookie: string | undefined): SessionKeep {
    const store = this.#store;
    if ("open" in store) return store.open(cookie, this.#house.settings.cookieName);
    return {
      store,
      id: isSessionId(cookie) ? cookie : undefined,
      cookieFor: (id) => id,
      isCookie: false,
    };
  }

  #warn({ environ }: Web): void {
    if (this.#isWarned || "open" in this.#store || !this.#store.inProcess) return;
    this.#isWarned = true;
    const alone = !environ["wsgi.multiprocess"] && !environ["wsgi.run_once"] && !mayBePoolThread();
    if (alone) return;
    environ["wsgi.errors"].write(
      "sessions are kept in the memory of one process or thread, and the server has several: clients lose them " +
        "from one request to the next. Use another store\n",
    );
  }
}

async function expired(web: Web, settings: SessionSettings): Promise<HttpResponse> {
  const { expiredMessage: message, expiredStatus: status, cookieName } = settings;
  const body = typeof message === "string" ? message : await message(web);
  if (body instanceof HttpResponse) return body;
  return new HttpResponse(
    status,
    body,
    status === 401 ? { "WWW-Authenticate": `Cookie cookie-name="${cookieName}"` } : [],
  );
}

// What a cache keeps of one client must not be another's, nor this one's after it has logged out.
function keepPrivate(web: Web): void {
  const varies = web.ctx.headers.some(
    ([name, value]) => /^vary$/i.test(name) && /(^|,)\s*(cookie|\*)\s*(,|$)/i.test(value),
  );
  if (!varies) web.header("Vary", "Cookie");
  web.header("Cache-Control", "private, no-cache", { unique: true });
}
