// An application and a client of HTTP/1.1, by Node.js: `node http1_peer.js serve`, and
// `node http1_peer.js ask PORT JSON`, where JSON is a list of requests, made one after another on
// connections that are kept alive; it prints a list of what became of them.
'use strict';
const http = require('node:http');
const zlib = require('node:zlib');

function serve() {
    let asked = 0;
    const server = http.createServer((request, response) => {
        asked += 1;
        let size = 0;
        request.on('data', part => { size += part.length; });
        request.on('end', () => {
            const plain = body => response.writeHead(200, { 'content-type': 'text/plain', 'x-app': 'yes', 'content-length': Buffer.byteLength(body) }).end(body);
            switch (request.url.split('/')[1]) {
            case 'count': return plain(String(asked - 1));
            case '204': return response.writeHead(204).end();
            case '304': return response.writeHead(304, { etag: '"a"' }).end();
            case 'early': response.writeEarlyHints({ link: '</a.css>; rel=preload' }); return plain('early');
            case 'gzip': return response.writeHead(200, { 'content-encoding': 'gzip' }).end(zlib.gzipSync('zipped '.repeat(1000)));
            case 'trailers':
                response.writeHead(200, { trailer: 'x-trailer' });
                response.write('first ');
                response.addTrailers({ 'x-trailer': 't' });
                return response.end('last');
            case 'close': response.shouldKeepAlive = false; return plain('the last one');
            default: return plain(`${request.method} ${request.url} ${size}`);
            }
        });
    });
    server.on('upgrade', (request, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
        socket.on('error', () => {});
        socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

function one(agent, port, wanted) {
    return new Promise(resolve => {
        const told = { path: wanted.path, status: 0, headers: {}, interim: [], body: '', trailers: {}, error: null, reused: false, ms: 0 };
        const begun = Date.now();
        const done = () => { told.ms = Date.now() - begun; resolve(told); };
        const body = Buffer.alloc(wanted.size || 0, 'b');
        const headers = { ...wanted.headers };
        if (body.length && !wanted.chunked) headers['content-length'] = body.length;
        const request = http.request({ port, host: '127.0.0.1', agent, path: wanted.path, method: wanted.method || (body.length ? 'POST' : 'GET'), headers });
        request.on('information', information => told.interim.push(information.statusCode));
        request.on('continue', () => request.end(body));
        request.on('error', error => { told.error = error.code; done(); });
        request.on('upgrade', (response, socket) => {
            told.status = response.statusCode;
            socket.once('data', data => { told.body = String(data); socket.destroy(); done(); });
            socket.write('through the tunnel');
        });
        request.on('response', response => {
            told.status = response.statusCode;
            told.headers = response.headers;
            told.reused = request.reusedSocket;
            const coded = response.headers['content-encoding'] === 'gzip' && wanted.method !== 'HEAD';
            const text = coded ? response.pipe(zlib.createGunzip()) : response;
            text.on('data', part => { told.body += part; });
            text.on('error', error => { told.error = error.code; done(); });
            text.on('end', () => { told.trailers = response.trailers; done(); });
        });
        if (headers.expect) request.flushHeaders();
        else request.end(body);
    });
}

async function ask(port, list) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const told = [];
    for (const wanted of list) told.push(await one(agent, port, wanted));
    console.log(JSON.stringify(told));
    agent.destroy();
}

if (process.argv[2] === 'serve') serve();
else ask(Number(process.argv[3]), JSON.parse(process.argv[4]));
