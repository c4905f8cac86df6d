// Bun.serve, with the small answer of all contenders of `bench/http.ts`.

declare const Bun: {
  serve(options: { hostname: string; port: number; fetch(request: object): Response }): { port: number }
}

const headers = { 'content-type': 'text/plain; charset=utf-8' }

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: () => new Response('hello\n', { headers }),
})

console.log(server.port)
