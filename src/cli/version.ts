/** The version of the package. A test compares it with package.json, which is not at hand where the program is bundled. */
export const VERSION = '0.1.0';
