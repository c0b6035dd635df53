"""The vocabulary: frozen data without doors. Power in kW, energy in kWh, prices per kWh, time in UTC.

Every flow is at least zero and its name holds the direction. Signed values live only at the edges.
"""
