// Connections that break a rule about back-pressure.

import { type BadConnection, carriers, facts, ignore, methods, PRESSURE } from './spoil.js'

export const pressure: Record<string, BadConnection> = {
  'never makes a write wait': {
    rule: PRESSURE,
    make: methods((side, own) => ({
      write: (data) => {
        const write = own('write')(data)
        if (side.queued === 0 || side.ended) return write
        write.catch(ignore)
        return Promise.resolve()
      },
    })),
  },
  'reads ahead without bound': { rule: PRESSURE, make: carriers(() => ({ does: { pause: ignore } })) },
  'does not report its queue': { rule: PRESSURE, make: facts(() => ({ queued: 0 })) },
  'tries to write too hard': {
    rule: 'tryWrite queues all of its data below the high-water mark, and otherwise nothing',
    make: methods((side, own) => ({
      tryWrite: (data) => {
        if (side.queued > 0) side.write(data)
        return own('tryWrite')(data)
      },
    })),
  },
  'has a mark that cannot be set': {
    rule: 'writeHighWaterMark is the mark of write and tryWrite',
    make: methods((_, own) => ({ setLimits: (limits) => own('setLimits')({ ...limits, writeHighWaterMark: undefined }) })),
  },
  'holds a slow consumer for ever': {
    rule: 'a connection whose queue exceeds maxWriteBuffer is aborted as a slow consumer',
    make: methods((_, own) => ({ setLimits: ({ maxWriteBuffer, ...limits }) => own('setLimits')(limits) })),
  },
}
