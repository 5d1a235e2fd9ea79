/** Whether a page's Content Security Policy forbade to compile: the engines say so in their own words, under their own names. */
export const isCsp = (cause) => /unsafe-eval|content security policy|csp/i.test(cause?.message);
