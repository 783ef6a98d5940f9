import { pathToFileURL } from "node:url";

/** Where the notes are kept: data/, or the folder that DATA_FOLDER names. */
export const dataFolder = process.env.DATA_FOLDER
  ? pathToFileURL(`${process.env.DATA_FOLDER}/`)
  : new URL("data/", import.meta.url);
