#!/usr/bin/env node
// A wiki: pages with their history, users, uploads, search, and edits that others see at once. docs/tutorial.md builds it.

import { Edit } from "./editing.ts";
import { Change, History } from "./history.ts";
import { Events } from "./live.ts";
import { LogIn, LogOut } from "./login.ts";
import { home, Page } from "./reading.ts";
import { Search } from "./search.ts";
import { app } from "./site.ts";
import { File, Files } from "./uploads.ts";

app
  .addMapping("/", home)
  .addMapping("/log-in", LogIn)
  .addMapping("/log-out", LogOut)
  .addMapping("/search", Search)
  .addMapping("/([A-Z][A-Za-z0-9]*)", Page)
  .addMapping("/([A-Z][A-Za-z0-9]*)/edit", Edit)
  .addMapping("/([A-Z][A-Za-z0-9]*)/history", History)
  .addMapping("/([A-Z][A-Za-z0-9]*)/history/(\\d{1,15})", Change)
  .addMapping("/([A-Z][A-Za-z0-9]*)/files", Files)
  .addMapping("/([A-Z][A-Za-z0-9]*)/files/(\\d{1,15})", File)
  .addMapping("/([A-Z][A-Za-z0-9]*)/events", Events);

export { app };

app.run(import.meta);
