// The tests of framing/cost, which count promises.

const codecs = [
  'lines',
  'delimited',
  'lengthPrefixed',
  'varintPrefixed',
  'netstring',
  'contentLength',
  'json',
  'json with a schema',
  'a codec of a program with tryRead',
]

export const framed = codecs.map((codec) => `${codec}: a buffered frame costs one promise`)
