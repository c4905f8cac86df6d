// Standard Schema, version 1 (https://standardschema.dev): what a schema of any library that follows it has. Types only, and the
// check that a value is such a schema, so that linnet depends on no schema library.

import { kindOf } from '../kind-of.js'

/** A schema of zod, Valibot, ArkType, or any other library that follows Standard Schema. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** Types alone; no such value exists. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema makes of a value. */
export type SchemaResult<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] }

/** What a schema has against a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The type that a schema accepts. */
export type SchemaInput<Schema extends StandardSchemaV1> = NonNullable<Schema['~standard']['types']>['input']

/** The type that a schema returns. */
export type SchemaOutput<Schema extends StandardSchemaV1> = NonNullable<Schema['~standard']['types']>['output']

/** Checks a schema. @throws TypeError for any other value */
export function schemaOf(schema: unknown): StandardSchemaV1 {
  // A schema of some libraries is a function.
  if ((typeof schema === 'object' && schema !== null) || typeof schema === 'function') {
    const { '~standard': standard } = schema as Partial<StandardSchemaV1>
    if (standard?.version === 1 && typeof standard.validate === 'function') return schema as StandardSchemaV1
  }
  throw new TypeError(`schema must be a schema that follows Standard Schema 1, of zod 3.24 or later, for example, not ${kindOf(schema)}`)
}
