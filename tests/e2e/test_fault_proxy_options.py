"""What squall-host proxy is told on its command line between two addresses: what means nothing there, and what is wrong."""
import time

import pytest
from namespaces import HELPER, run

BETWEEN = {'--listen': '127.0.0.1:0', '--forward': '127.0.0.1:1'}


def proxy(*options, **instead):
    given = BETWEEN | {f'--{name}': value for name, value in instead.items()}
    return run(HELPER, 'proxy', *[word for pair in given.items() for word in pair], *options, check=False)


@pytest.mark.parametrize('options', [['--exempt-sources', '127.0.0.1'], ['--detach'], ['--run', 'a'], ['--existing', 'reset'], ['--intercept', 'iptables'], ['--port', '80'],
                                     ['--tasks', 'a']])
def test_what_means_nothing_between_two_addresses_is_refused(options):
    done = proxy(*options)
    assert done.returncode == 64 and options[0] in done.stderr and '--listen' in done.stderr, done


@pytest.mark.parametrize('header', ['Host', 'Content-Length', 'X Y', 'X: y', 'Transfer-Encoding', ''])
def test_a_header_that_requests_have_themselves_tells_nobody_s_address(header):
    done = proxy('--forwarded-header', header)
    assert done.returncode == 64 and 'X-Forwarded-For' in done.stderr, done


def test_it_ends_at_the_sooner_of_two_times():
    began = time.time()
    done = proxy('--until', str(int(began) + 2), '--for', '50')
    assert done.returncode == 0 and '"end"' in done.stdout and 1 <= time.time() - began < 20


def test_a_time_that_is_over_is_refused():
    done = proxy('--until', '1000', '--for', '50')
    assert done.returncode == 1 and 'its time was over' in done.stderr and not done.stdout, done


@pytest.mark.parametrize('wrong', ['listen', 'forward'])
def test_an_address_that_is_none_is_named_with_its_option(wrong):
    done = proxy(**{wrong: 'here'})
    assert done.returncode == 64 and f'--{wrong}: ' in done.stderr and 'here' in done.stderr, done
