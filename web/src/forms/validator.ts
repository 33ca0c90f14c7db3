import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import {
  createErrorHandler,
  type ErrorSchema,
  type ErrorTransformer,
  getDefaultFormState,
  type CustomValidator,
  type FormContextType,
  type RJSFSchema,
  type RJSFValidationError,
  type StrictRJSFSchema,
  toErrorList,
  toErrorSchema,
  type UiSchema,
  unwrapErrorHandler,
  type ValidationData,
  type ValidatorType,
  validationDataMerge,
} from "@rjsf/utils";

/**
 * A validator for RJSF that interprets schemas instead of compiling them: its usual one needs
 * `eval`, which the content security policy forbids.
 */
class InterpretingValidator<
  T = unknown,
  S extends StrictRJSFSchema = RJSFSchema,
  F extends FormContextType = Record<string, unknown>,
> implements ValidatorType<T, S, F>
{
  validateFormData(
    formData: T | undefined,
    schema: S,
    customValidate?: CustomValidator<T, S, F>,
    transformErrors?: ErrorTransformer<T, S, F>,
    uiSchema?: UiSchema<T, S, F>,
  ): ValidationData<T> {
    let errors = this.rawValidation<OutputUnit>(schema, formData).errors?.flatMap(readable) ?? [];
    if (transformErrors) errors = transformErrors(errors, uiSchema);
    const errorSchema = toErrorSchema<T>(errors) as ErrorSchema<T>;
    if (!customValidate) return { errors, errorSchema };
    const filled = getDefaultFormState(this, schema, formData, schema, true) as T;
    const handler = customValidate(filled, createErrorHandler(filled), uiSchema);
    return validationDataMerge({ errors, errorSchema }, unwrapErrorHandler(handler));
  }

  toErrorList(errorSchema?: ErrorSchema<T>, fieldPath?: string[]): RJSFValidationError[] {
    return toErrorList(errorSchema, fieldPath);
  }

  isValid(schema: S, formData: T | undefined, rootSchema: S): boolean {
    const whole = {
      ...(schema as object),
      definitions: rootSchema.definitions,
      $defs: rootSchema.$defs,
    };
    return new Validator(whole as Schema, "2020-12").validate(formData).valid;
  }

  rawValidation<Result = OutputUnit>(schema: S, formData?: T): { errors?: Result[] } {
    const outcome = new Validator(schema as Schema, "2020-12", false).validate(formData ?? {});
    return { errors: outcome.errors as Result[] };
  }
}

/** Errors of containers only repeat that something inside is wrong. */
const CONTAINERS = new Set(["properties", "items", "$ref", "allOf", "additionalProperties"]);

function readable(error: OutputUnit): RJSFValidationError[] {
  if (CONTAINERS.has(error.keyword)) return [];
  const missing = error.keyword === "required" ? /"([^"]+)"/.exec(error.error)?.[1] : undefined;
  const path = error.instanceLocation.replace(/^#\/?/, "").split("/").filter(Boolean);
  const property = [...path, ...(missing ? [missing] : [])].map((part) => `.${part}`).join("");
  const message = missing ? "This one is needed." : error.error;
  return [{ name: error.keyword, property, message, stack: `${property} ${message}` }];
}

const validator = new InterpretingValidator();
export function customizeValidator() {
  return validator;
}
export default validator;
