// What passes in a test passes in production: the same statements about a server over TCP and about a server in memory, also
// over a way that cuts everything into pieces. Each is a sentence, a small program, and what comes of it; both servers must do
// as the statement says, and not only alike.

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

t.test('there are a hundred statements, and no two are the same', async (t) => {
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
