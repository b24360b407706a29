"""What docs/doctor.md says of how the doctor was tried is what was done."""
import importlib.util

from conftest import ROOT, SQUALL
from lab_practice import A_HINT_ON_THE_HOST, EVIDENCE

specification = importlib.util.spec_from_file_location('doctor_table', ROOT / 'tools/doctor_table.py')
doctor_table = importlib.util.module_from_spec(specification)
specification.loader.exec_module(doctor_table)
doctor_table.SQUALL = SQUALL


def test_the_table_in_the_document_is_the_one_of_the_script():
    _, written, _ = doctor_table.parts()
    assert written == doctor_table.table(), 'tools/doctor_table.py --write'


def test_what_it_calls_live_is_what_the_tests_break():
    lab = doctor_table.causes_of_lab()
    assert set(lab) == {cause.partition(':')[0] for cause in EVIDENCE}
    assert set(lab) <= set(doctor_table.causes()), 'the doctor knows all of them'
    assert set(doctor_table.OTHERWISE) & set(lab) == set(A_HINT_ON_THE_HOST)
