#!/usr/bin/env node
// A small fault proxy for HTTP/2 with the arguments of `squall-host proxy`, and with one defect: the
// one that WRONG names. The tests of the real one must fail with each of them, and pass without: else
// they do not look. It knows only as much as those tests ask of it.
'use strict';
const http2 = require('node:http2');

const WRONG = process.env.WRONG || '';
const GRPC = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 503: 14 };
const counts = { accepted: 0, http2: 0, requests: 0, met: 0, untouched: 0, answered: 0, changed: 0, delayed: 0 };
const options = {};
const settings = {};
for (let at = 3; at < process.argv.length; at += 2) {
    const [name, value] = [process.argv[at].slice(2), process.argv[at + 1]];
    if (name === 'set') settings[value.split('=')[0]] = value.slice(value.indexOf('=') + 1);
    else options[name] = value;
}
const status = options.fault === 'status-code' ? Number(settings.STATUS_CODE || 503) : 0;
const answers = status && settings.MODIFY_RESPONSE_BODY !== 'false';
const isMeant = path => !settings.PATHS || path.startsWith(settings.PATHS.replace('*', ''));

function answer(stream, headers) {
    counts.answered += 1;
    counts.met += 1;
    stream.resume();
    if ((headers['content-type'] || '').startsWith('application/grpc') && WRONG !== 'answers-grpc-as-http')
        return stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(GRPC[status] || 2), 'grpc-message': 'chaos' }, { endStream: true });
    stream.respond({ ':status': status, 'content-type': 'text/plain' });
    stream.end(headers[':method'] === 'HEAD' || [204, 304].includes(status) ? undefined : 'chaos');
}

function pass(stream, headers, session, latency) {
    const asked = session.request(headers, { endStream: stream.endAfterHeaders });
    stream.pipe(asked);
    asked.on('error', () => stream.close());
    let trailers = {};
    asked.on('trailers', got => { trailers = { ...got }; });
    asked.on('response', (got, flags) => {
        const head = { ...got };
        const isGrpc = (head['content-type'] || '').startsWith('application/grpc');
        if (status) counts.changed += 1;
        else if (latency) counts.delayed += 1;
        else counts.untouched += 1;
        if (status || latency) counts.met += 1;
        if (status && !isGrpc) head[':status'] = status;
        setTimeout(() => {
            if (stream.destroyed) return;
            stream.respond(head, { waitForTrailers: true });
            stream.on('wantTrailers', () => {
                if (status && isGrpc && WRONG !== 'leaves-grpc-status') trailers['grpc-status'] = String(GRPC[status] || 2);
                stream.sendTrailers(WRONG === 'loses-trailers' ? {} : trailers);
            });
            asked.pipe(stream);
        }, latency);
    });
}

const server = http2.createServer();
server.on('session', client => {
    counts.accepted += 1;
    counts.http2 += 1;
    const session = http2.connect(`http://${options.forward}`);
    session.on('error', () => {});
    client.on('error', () => {});
    client.on('close', () => session.destroy());
    let heldUntil = 0;
    client.on('stream', (stream, headers) => {
        counts.requests += 1;
        stream.on('error', () => {});
        const plain = Object.fromEntries(Object.entries(headers));
        let latency = options.fault === 'latency' && isMeant(headers[':path']) ? Number(settings.LATENCY) : 0;
        if (WRONG === 'holds-the-connection') {
            heldUntil = Math.max(heldUntil, Date.now() + latency);
            latency = heldUntil - Date.now();
        }
        if (!answers) return pass(stream, plain, session, latency);
        if (WRONG === 'asks-application') session.request({ ':path': headers[':path'] }).resume();
        answer(stream, plain);
    });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ event: 'ready', listen: `127.0.0.1:${server.address().port}` })));
process.on('SIGTERM', () => {
    console.log(JSON.stringify({ event: 'disarmed' }));
    console.log(JSON.stringify({ event: 'end', counts }));
    process.exit(0);
});
