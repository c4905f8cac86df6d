// What is known to fail on other runtimes, and why.

export const known = []
export const covering = []
