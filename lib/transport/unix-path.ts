// How long the name of a Unix socket may be. Asked by whoever listens and by whoever connects, since libuv cuts a longer one
// in silence before Node 24, and then the wrong file is bound or the wrong server reached.

/** The size of `sun_path` less its NUL. */
/* c8 ignore next: only one of the two is true of a machine */
export const LONGEST_PATH: number = process.platform === 'linux' ? 107 : 103
