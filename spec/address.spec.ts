import t from 'tap'
import { type Address, tcpAddress, unixAddress } from '../lib/address.js'

const facts = ({ address, port, family }: Address) => [address, port, family]

t.test('an address has its text, its port and its family', async (t) => {
  t.same(facts(tcpAddress('1.2.3.4', 80)), ['1.2.3.4', 80, 'IPv4'])
  t.same(facts(tcpAddress('::1', 80)), ['::1', 80, 'IPv6'])
  t.same(facts(tcpAddress('2001:db8::1:0:0:5', 0)), ['2001:db8::1:0:0:5', 0, 'IPv6'])
  t.same(facts(unixAddress('/run/app.sock')), ['/run/app.sock', 0, 'unix'])
})

t.test('an IPv4-mapped address becomes an IPv4 address', async (t) => {
  for (const text of [
    '::ffff:1.2.3.4',
    '::FFFF:1.2.3.4',
    '::ffff:102:304',
    '::ffff:0102:0304',
    '0:0:0:0:0:ffff:1.2.3.4',
    '0::ffff:102:304',
    '::ffff:1.2.3.4%eth0',
  ]) {
    t.same(facts(tcpAddress(text, 1)), ['1.2.3.4', 1, 'IPv4'], text)
  }
})

t.test('an address that only resembles an IPv4-mapped one stays an IPv6 address', async (t) => {
  t.same(facts(tcpAddress('::ffff:0:102:304', 1)), ['::ffff:0:102:304', 1, 'IPv6'])
  t.same(facts(tcpAddress('64:ff9b::1.2.3.4', 1)), ['64:ff9b::102:304', 1, 'IPv6'])
  t.same(facts(tcpAddress('::ffff:999.1.1.1', 1)), ['::ffff:999.1.1.1', 1, 'IPv6'], 'nor an impossible one')
})

t.test('all spellings of an IPv6 address have one text', async (t) => {
  for (const text of ['2001:DB8::1', '2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8:0:0:0:0:0:1', '2001:db8::0:1']) {
    t.same(facts(tcpAddress(text, 443)), ['2001:db8::1', 443, 'IPv6'], text)
  }
})

t.test('an IPv6 address with a dotted end has the same text as in groups', async (t) => {
  for (const [dotted, groups] of [
    ['::1.2.3.4', '::102:304'],
    ['17::c:1:82c:255.6.189.0', '17::c:1:82c:ff06:bd00'],
    ['1:2:3:4:5:6:0.0.0.1', '1:2:3:4:5:6:0:1'],
    ['::5:141:65:6c96:6.50.31.5', '::5:141:65:6c96:632:1f05'],
  ] as const) {
    t.equal(tcpAddress(dotted, 1).address, groups, dotted)
    t.equal(tcpAddress(groups, 1).address, groups)
  }
})

t.test('a link-local address keeps its zone', async (t) => {
  t.same(facts(tcpAddress('fe80::1%eth0', 1)), ['fe80::1%eth0', 1, 'IPv6'])
  t.same(facts(tcpAddress('FE80:0::1%eth_0', 1)), ['fe80::1%eth_0', 1, 'IPv6'])
})

t.test('text that is no IP address is kept unchanged', async (t) => {
  for (const text of ['', 'localhost', '999.1.1.1', '1.2.3', 'example.com', '%', '%eth0']) {
    t.same(facts(tcpAddress(text, 1)), [text, 1, 'IPv4'], text)
  }
  for (const text of [':', ':::', 'a:b', '1:2:3', 'FE80::G', '::1::2', '::ffff:1.2.3', '::%a%b:', 'X::1%eth0', '::1\n']) {
    t.same(facts(tcpAddress(text, 1)), [text, 1, 'IPv6'], text)
  }
})

t.test('the text of an address can be used in a command or a URL', async (t) => {
  t.equal(String(tcpAddress('1.2.3.4', 80)), '1.2.3.4:80')
  t.equal(String(tcpAddress('::ffff:1.2.3.4', 80)), '1.2.3.4:80')
  t.equal(String(tcpAddress('::1', 80)), '[::1]:80')
  t.equal(`${unixAddress('/run/app.sock')}`, '/run/app.sock')
  t.equal(String(unixAddress('\0abstract')), '\0abstract')
})

t.test('the unnamed peer of a Unix socket has an empty address', async (t) => {
  t.same(facts(unixAddress()), ['', 0, 'unix'])
  t.equal(String(unixAddress()), '')
  t.same(facts(unixAddress(undefined)), ['', 0, 'unix'])
})

t.test('addresses can be compared, and converted to JSON', async (t) => {
  t.equal(JSON.stringify(tcpAddress('::1', 80)), '{"address":"::1","port":80,"family":"IPv6"}')
  t.same(tcpAddress('::FFFF:1.2.3.4', 80), tcpAddress('1.2.3.4', 80))
})
