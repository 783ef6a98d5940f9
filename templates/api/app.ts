// Which address is answered by what. Importing this file starts nothing: main.ts, the tests and the CGI script do.

import { application, created, noContent, notFound, unprocessableContent, type Web } from "postern";
import { addNote, allNotes, readNote, removeNote } from "./notes.ts";

class Notes {
  GET() {
    return allNotes();
  }

  async POST(web: Web) {
    const { text } = Object(await web.json());
    if (typeof text !== "string" || text.trim() === "") {
      throw unprocessableContent({ error: 'Send an object with a "text" that is not empty.' });
    }
    const note = await addNote(text.trim());
    return created(note, { Location: web.url(`/notes/${note.id}`) });
  }
}

class Note {
  async GET(_web: Web, id: string) {
    return (await readNote(id)) ?? notFound();
  }

  async DELETE(_web: Web, id: string) {
    return (await removeNote(id)) ? noContent() : notFound();
  }
}

// What a handler returns and is no text becomes JSON.
export const app = application(
  [
    ["/", () => ({ notes: "/notes" })],
    ["/notes", Notes],
    ["/notes/([0-9a-f-]{36})", Note],
  ],
  { limits: { maxJsonBytes: 100_000 } },
);

app.notFound = () => ({ error: "There is nothing at this address." });
app.internalError = () => ({ error: "Something went wrong: the log of the server says what." });
