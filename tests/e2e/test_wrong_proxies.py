"""The tests of the fault proxy look at what they say they look at: proxies with one known defect each do not pass them."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
from wrong_proxy import DEFECTS

HERE = Path(__file__).resolve().parent
# Those that the small proxy passes when nothing is wrong with it.
TESTS = ['test_a_status_is_answered_without_the_application[503]', 'test_a_status_is_answered_without_the_application[429]',
         'test_a_status_is_answered_without_the_application[204]', 'test_a_status_can_replace_that_of_an_answer_and_keep_its_body', 'test_a_body_is_replaced_whatever_it_was',
         'test_pipelined_requests_are_answered_in_order[untouched]', 'test_connections_are_reset_so_long_after_they_were_accepted[request-400]', 'test_connections_are_reset_so_long_after_they_were_accepted[silence-400]']


def failed_with(wrong, *options):
    # Answers that never come need not be waited for as long as those that do.
    environment = {**os.environ, 'SQUALL_HOST_BINARY': str(HERE / 'wrong_proxy.py'), 'WRONG': wrong, 'SQUALL_TEST_PATIENCE': '4'}
    done = subprocess.run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-p', 'no:xdist', '--tb=no', '-rf', *options, *[f'{HERE}/test_fault_proxy.py::{test}' for test in TESTS]],
                          env=environment, capture_output=True, text=True, timeout=300, check=False, cwd=HERE)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {test for test in TESTS if any(line.startswith('FAILED') and line.split(' - ')[0].strip().endswith('::' + test) for line in done.stdout.splitlines())}


def test_the_small_proxy_passes_when_nothing_is_wrong_with_it():
    assert failed_with('') == set()


@pytest.mark.parametrize('wrong', DEFECTS)
def test_a_defect_is_found(wrong):
    assert failed_with(wrong, '--exitfirst')
