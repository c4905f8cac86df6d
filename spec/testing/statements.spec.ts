// What passes in a test passes in production: the same statements hold for a server over TCP and for a server in memory, also
// over a wire that cuts everything into pieces. Each statement is a sentence, a small program, and the result that the program
// must have on both servers.

import t from 'tap'
import { within } from '../support/wait.js'
import { connecting } from './statements/connecting.js'
import { ending } from './statements/ending.js'
import { reading } from './statements/reading.js'
import { securing } from './statements/securing.js'
import { serving } from './statements/serving.js'
import { time } from './statements/time.js'
import { worlds } from './statements/world.js'
import { writing } from './statements/writing.js'

const statements = [...reading, ...writing, ...time, ...ending, ...serving, ...securing, ...connecting]

t.test('there are at least a hundred statements, each with its own title', async (t) => {
  t.ok(statements.length >= 100, String(statements.length))
  t.equal(new Set(statements.map(({ title }) => title)).size, statements.length)
})

for (const { title, says, program } of statements) {
  for (const [where, world] of Object.entries(worlds)) {
    t.test(`${title} (${where})`, async (t) => {
      t.strictSame(await within(program(world(t)), title, 20_000), says)
    })
  }
}
