"""The tests of the fault proxy look at what they say they look at: proxies with one known defect each do not pass them."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
from http2_peers import needs
from wrong_proxy import DEFECTS

HERE = Path(__file__).resolve().parent
# Those that the small proxy passes when nothing is wrong with it.
TESTS = ['test_a_status_is_answered_without_the_application[503]', 'test_a_status_is_answered_without_the_application[429]',
         'test_a_status_is_answered_without_the_application[204]', 'test_a_status_can_replace_that_of_an_answer_and_keep_its_body', 'test_a_body_is_replaced_whatever_it_was',
         'test_pipelined_requests_are_answered_in_order[untouched]', 'test_connections_are_reset_so_long_after_they_were_accepted[request-400]', 'test_connections_are_reset_so_long_after_they_were_accepted[silence-400]']
HTTP2_TESTS = ['test_a_status_is_answered_without_the_application[matched-503]', 'test_a_status_can_replace_that_of_an_answer_and_keep_its_body', 'test_a_delay_holds_one_stream_and_no_other',
               'test_clients_of_grpc_get_a_status_of_theirs[503-14]']
HTTP2_DEFECTS = ['asks-application', 'answers-grpc-as-http', 'leaves-grpc-status', 'loses-trailers', 'holds-the-connection']


def failed_with(wrong, *options, proxy='wrong_proxy.py', file='test_fault_proxy.py', tests=tuple(TESTS)):
    # Answers that never come need not be waited for as long as those that do.
    environment = {**os.environ, 'SQUALL_HOST_BINARY': str(HERE / proxy), 'WRONG': wrong, 'SQUALL_TEST_PATIENCE': '4'}
    done = subprocess.run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-p', 'no:xdist', '--tb=no', '-rf', *options, *[f'{HERE}/{file}::{test}' for test in tests]],
                          env=environment, capture_output=True, text=True, timeout=300, check=False, cwd=HERE)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {test for test in tests if any(line.startswith('FAILED') and line.split(' - ')[0].strip().endswith('::' + test) for line in done.stdout.splitlines())}


def test_the_small_proxy_passes_when_nothing_is_wrong_with_it():
    assert failed_with('') == set()


@pytest.mark.parametrize('wrong', DEFECTS)
def test_a_defect_is_found(wrong):
    assert failed_with(wrong, '--exitfirst')


def failed_http2_with(wrong, *options):
    needs('node', 'nodejs')
    return failed_with(wrong, *options, proxy='wrong_proxy_http2.js', file='test_fault_proxy_http2.py', tests=HTTP2_TESTS)


def test_the_small_proxy_of_http2_passes_when_nothing_is_wrong_with_it():
    assert failed_http2_with('') == set()


@pytest.mark.parametrize('wrong', HTTP2_DEFECTS)
def test_a_defect_of_http2_is_found(wrong):
    assert failed_http2_with(wrong, '--exitfirst')
