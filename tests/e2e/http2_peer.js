// An application and a client of HTTP/2 in clear text, by Node.js: `node http2_peer.js serve`, and
// `node http2_peer.js ask PORT JSON`, where JSON is a list of requests, all made at once on one
// connection; it prints a list of what became of them.
'use strict';
const http2 = require('node:http2');
const crypto = require('node:crypto');

function serve() {
    const server = http2.createServer();
    let streams = 0;
    server.on('session', session => session.on('error', () => {}));
    server.on('stream', (stream, headers) => {
        streams += 1;
        stream.on('error', () => {});
        const path = headers[':path'];
        const parts = path.split('/');
        const plain = (body, more) => {
            if (stream.destroyed) return;
            stream.respond({ ':status': 200, 'content-type': 'text/plain', 'x-app': 'yes', ...more });
            stream.end(headers[':method'] === 'HEAD' ? undefined : body);
        };
        if (parts[1] === 'count') return plain(String(streams));
        if (parts[1] === 'echo') {
            stream.respond({ ':status': 200, 'content-type': headers['content-type'] || 'text/plain' });
            return stream.pipe(stream);
        }
        if (parts[1] === 'reset') return stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
        if (parts[1] === 'early') stream.additionalHeaders({ ':status': 103, link: 'x' });
        if (parts[1] === 'hang') return;
        if (parts[1] === 'goaway') stream.session.goaway(0, stream.id);
        let size = 0;
        const hash = crypto.createHash('sha256');
        stream.on('data', part => { size += part.length; hash.update(part); });
        stream.on('end', () => {
            if (stream.destroyed) return;
            if (parts[1] === 'grpc' || parts[1] === 'trailers') {
                stream.respond({ ':status': 200, 'content-type': parts[1] === 'grpc' ? 'application/grpc' : 'text/plain' }, { waitForTrailers: true });
                stream.on('wantTrailers', () => stream.sendTrailers(parts[1] === 'grpc' ? { 'grpc-status': '0', 'x-trailer': 't' } : { 'x-trailer': 't' }));
                return stream.end(parts[1] === 'grpc' ? Buffer.from([0, 0, 0, 0, 2, 8, 1]) : 'body');
            }
            if (parts[1] === '204') { stream.respond({ ':status': 204 }, { endStream: true }); return; }
            if (parts[1] === 'big') return plain(Buffer.alloc(Number(parts[2]), 'x'), { 'content-length': parts[2] });
            plain(`hello from ${path}, ${size} ${hash.digest('hex').slice(0, 8)}`);
        });
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

function ask(port, requests) {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const seen = { goaway: [], error: null };
    session.on('error', error => { seen.error = error.code || String(error); });
    session.on('goaway', (code, last) => seen.goaway.push([code, last]));
    const one = request => new Promise(resolve => {
        const result = { path: request.path, status: 0, headers: {}, interim: [], body: '', size: 0, trailers: null, error: null, code: 0 };
        const body = request.size ? Buffer.alloc(request.size, 'b') : Buffer.from(request.body || '');
        const headers = { ':path': request.path, ':method': request.method || (body.length ? 'POST' : 'GET'), ...request.headers };
        const stream = session.request(headers, { endStream: body.length === 0 });
        const hash = crypto.createHash('sha256');
        const begun = Date.now();
        stream.on('headers', early => result.interim.push(early[':status']));
        stream.on('response', got => {
            result.status = got[':status'];
            for (const [name, value] of Object.entries(got)) if (!name.startsWith(':') && name !== 'date') result.headers[name] = value;
            result.after_ms = Date.now() - begun;
        });
        stream.on('trailers', got => { result.trailers = { ...got }; });
        stream.on('data', part => {
            result.size += part.length;
            hash.update(part);
            if (result.body.length < 300) result.body += part.toString('latin1');
        });
        stream.on('error', error => { result.error = error.code || String(error); });
        stream.on('close', () => {
            result.code = stream.rstCode;
            result.hash = hash.digest('hex');
            result.body = result.body.slice(0, 300);
            resolve(result);
        });
        if (body.length) stream.end(body);
    });
    Promise.all(requests.map(one)).then(results => {
        const end = () => { console.log(JSON.stringify({ results, ...seen })); process.exit(0); };
        if (session.closed) return end();
        session.close(end);
        setTimeout(end, 2000);
    });
}

if (process.argv[2] === 'serve') serve();
else ask(Number(process.argv[3]), JSON.parse(process.argv[4]));
