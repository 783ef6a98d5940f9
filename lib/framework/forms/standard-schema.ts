// What zod, valibot, arktype and others have in common (https://standardschema.dev, version 1), as far as forms use it.

/** A schema of any library that follows the specification. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

// arktype's schemas are functions.
export function isSchema(value: unknown): value is StandardSchema {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") && "~standard" in value
  );
}

/** Where in the value an issue is, as keys and indexes in text. */
export function issuePath({ path = [] }: SchemaIssue): string[] {
  return path.map((segment) => String(typeof segment === "object" ? segment.key : segment));
}
