// The line that each server puts in front of a message (RFC 5321, section 4.4): where it came from, and how.

import type { Envelope } from './settings.js'

/** `ESMTPSA`: extended, over TLS, with AUTH (RFC 3848). */
function protocolOf({ tls, user }: Envelope, extended: boolean): string {
  return extended ? `ESMTP${tls ? 'S' : ''}${user === undefined ? '' : 'A'}` : 'SMTP'
}

function addressOf({ remote: { family, address } }: Envelope): string {
  return family === 'unix' ? 'local' : `[${family === 'IPv6' ? 'IPv6:' : ''}${address}]`
}

/** `time` is a Unix time in milliseconds. */
export function traceOf(envelope: Envelope, extended: boolean, host: string, time: number): string {
  const date = new Date(time).toUTCString().replace('GMT', '+0000')
  const { client } = envelope
  return `Received: from ${client} (${addressOf(envelope)})\r\n\tby ${host} with ${protocolOf(envelope, extended)};\r\n\t${date}\r\n`
}
