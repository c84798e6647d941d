/** Octopus resources as they travel: one schema for type, validation and documentation. */
export {};
