/** What the validator of schemas finds, in sentences for the people who sent it. */

/** What the validator finds wrong at one place. */
export interface Complaint {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Sentences for people, mostly one. */
export function describe(error: Complaint): string[] {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const field = path === '' ? 'The value' : path;
  const within = path === '' ? '' : `${path}.`;
  switch (error.keyword) {
    case 'required':
      return asTexts(error.params.requiredProperties).map((name) => `${within}${name} is required.`);
    case 'type':
      return [`${field} must be ${article(asTexts(error.params.type))}.`];
    case 'enum':
      return [`${field} must be one of ${asTexts(error.params.allowedValues).join(', ')}.`];
    case 'minLength':
      return [`${field} must not be empty.`];
    case 'maxLength':
      return [`${field} may have at most ${error.params.limit} characters.`];
    case 'minimum':
      return [`${field} must be at least ${error.params.limit}.`];
    case 'maximum':
      return [`${field} must be at most ${error.params.limit}.`];
    case 'pattern':
      return [`${field} contains characters that are not allowed.`];
    case 'format':
      return [
        error.params.format === 'date-time'
          ? `${field} must be a moment with its offset, such as 2030-01-31T12:00:00.000+00:00.`
          : `${field} ${error.message}.`,
      ];
    case 'anyOf':
      return [];
    default:
      return [`${field} ${error.message}.`];
  }
}

/**
 * The validator tells of every branch of a union why the value does not fit it, which contradicts itself: "must be a date",
 * "must be null". People are told about the branch that is of the value's type; if there is none, which types there are.
 */
export function folded(errors: readonly Complaint[]): readonly Complaint[] {
  let rest = errors;
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf');
  // Inner ones first: what is left of them belongs to a branch of the outer one.
  for (const union of unions.toSorted((a, b) => b.schemaPath.length - a.schemaPath.length)) {
    const branches = `${union.schemaPath}/anyOf/`;
    const branchOf = ({ schemaPath }: Complaint) => Number.parseInt(schemaPath.slice(branches.length), 10);
    const within = rest.filter(
      ({ schemaPath, instancePath }) =>
        schemaPath.startsWith(branches) &&
        (instancePath === union.instancePath || instancePath.startsWith(`${union.instancePath}/`)),
    );
    const ofOtherType = within.filter(
      ({ keyword, instancePath }) => keyword === 'type' && instancePath === union.instancePath,
    );
    const foreign = new Set(ofOtherType.map(branchOf));
    const meant = within.filter((error) => !foreign.has(branchOf(error)));
    const type = [...new Set(ofOtherType.flatMap(({ params }) => asTexts(params.type)))];
    const instead =
      meant.length > 0
        ? meant.map((error) => ({ ...error, schemaPath: union.schemaPath }))
        : [{ ...union, keyword: 'type', params: { type } }];
    rest = rest.flatMap((error) => (error === union ? instead : within.includes(error) ? [] : [error]));
  }
  return rest;
}

function asTexts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}

function article(types: readonly string[]): string {
  const words: Readonly<Record<string, string>> = {
    string: 'a text',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
    null: 'null',
  };
  return types.map((type) => words[type] ?? type).join(' or ');
}
