// A server that takes every order of the paper broker, in a process of its own.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let lastId = 0
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    lastId += 1
    response.end(JSON.stringify({ id: `P${lastId}` }))
  })
})
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', () => {
  process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.once('disconnect', () => process.exit())
