/** Version of the deterministic engine: part of the rule set. Raise it whenever a rule can find something else. */
export const ENGINE_VERSION = '1';
