// Topic names and filters (section 4.7): levels between slashes. In a filter `+` stands for one level, and `#`, which is the last one, for
// its parent and all levels below. A tree has a value for each filter and finds those that match a name, or the other way round.

/** The most levels of a name or filter. The functions of a tree are as many calls deep. */
const MOST_LEVELS = 64

/** Whether this is a topic that a message can have. */
export function isName(text: string): boolean {
  return text !== '' && !/[#+]/.test(text) && text.split('/').length <= MOST_LEVELS
}

export function isFilter(text: string): boolean {
  const levels = text.split('/')
  const fits = (level: string, at: number): boolean => !/[#+]/.test(level) || level === '+' || (level === '#' && at === levels.length - 1)
  return text !== '' && levels.length <= MOST_LEVELS && levels.every(fits)
}

class Node<T> {
  readonly children = new Map<string, Node<T>>()
  value: T | undefined
}

/** Values by topic name or filter. */
export class TopicTree<T> {
  readonly #root = new Node<T>()

  get(topic: string): T | undefined {
    let node: Node<T> | undefined = this.#root
    for (const level of topic.split('/')) node = node?.children.get(level)
    return node?.value
  }

  set(topic: string, value: T): void {
    let node = this.#root
    for (const level of topic.split('/')) {
      let child = node.children.get(level)
      if (child === undefined) node.children.set(level, (child = new Node()))
      node = child
    }
    node.value = value
  }

  delete(topic: string): void {
    const levels = topic.split('/')
    const path = [this.#root]
    for (const level of levels) {
      const child = path.at(-1)?.children.get(level)
      if (child === undefined) return
      path.push(child)
    }
    ;(path.at(-1) as Node<T>).value = undefined
    // Branches without a value are removed, or names that come once would stay for ever.
    for (let at = levels.length; at > 0; at--) {
      const { value, children } = path[at] as Node<T>
      if (value !== undefined || children.size > 0) return
      path[at - 1]?.children.delete(levels[at - 1] as string)
    }
  }

  /** Calls `found` with the value of each filter that matches `name`. */
  match(name: string, found: (value: T) => void): void {
    const levels = name.split('/')
    const visit = (node: Node<T>, at: number): void => {
      // MQTT-4.7.2-1: a wildcard at the beginning does not match a topic that begins with $.
      const wild = at > 0 || !name.startsWith('$')
      const all = wild ? node.children.get('#')?.value : undefined
      if (all !== undefined) found(all)
      if (at === levels.length) {
        if (node.value !== undefined) found(node.value)
        return
      }
      const same = node.children.get(levels[at] as string)
      if (same !== undefined) visit(same, at + 1)
      const any = wild ? node.children.get('+') : undefined
      if (any !== undefined) visit(any, at + 1)
    }
    visit(this.#root, 0)
  }

  /** The values of all names that `filter` matches, one by one. The tree may change meanwhile. */
  *matching(filter: string): Generator<T, void, undefined> {
    const levels = filter.split('/')
    const first = levels[0] as string
    if (!isWild(first)) return yield* below(this.#root, levels, 0)
    // As above: of a topic that begins with $, the first level has to be named.
    for (const [name, child] of this.#root.children) if (!name.startsWith('$')) yield* below(child, levels, first === '#' ? 0 : 1)
  }
}

function* below<T>(node: Node<T>, levels: readonly string[], at: number): Generator<T, void, undefined> {
  const level = levels[at]
  if ((level === undefined || level === '#') && node.value !== undefined) yield node.value
  if (level === undefined) return
  if (!isWild(level)) {
    const child = node.children.get(level)
    if (child !== undefined) yield* below(child, levels, at + 1)
    return
  }
  for (const child of node.children.values()) yield* below(child, levels, level === '#' ? at : at + 1)
}

function isWild(level: string): boolean {
  return level === '+' || level === '#'
}
